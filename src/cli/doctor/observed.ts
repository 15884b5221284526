/** The result of trying a command. */
export interface Attempt {
  readonly worked: boolean;
  /** Whether its program exists; where it does not, nothing was tried. */
  readonly isInstalled: boolean;
  /** The first line that it printed when it failed. */
  readonly reason: string;
}

export type PortState =
  | { readonly is: 'free' }
  | { readonly is: 'forbidden' }
  | { readonly is: 'without address' }
  | { readonly is: 'taken'; readonly holder: string };

export type ConnectionState =
  | { readonly is: 'absent' }
  | { readonly is: 'unreadable'; readonly reason: string }
  | { readonly is: 'read'; readonly home: string };

export type ServerState =
  | { readonly is: 'not asked' }
  | { readonly is: 'answering'; readonly dateMs: number | undefined }
  /** `code` is that of Node's error: `ECONNREFUSED`, `CERT_HAS_EXPIRED`. */
  | { readonly is: 'unreachable'; readonly code: string };

/** The facts about a machine; the checks are judgements over them. */
export interface Observed {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly nodeVersion: string;
  readonly nowMs: number;
  readonly dataFolder: string;
  readonly connection: ConnectionState;
  readonly server: ServerState;
  /** When the authority that clients trust is valid; `undefined`: there is none yet. */
  readonly authority: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly attempts: Readonly<
    Record<
      | 'userNamespace'
      | 'hostsMount'
      | 'networkNamespace'
      | 'nft'
      | 'nftTable'
      | 'conntrack'
      | 'ip'
      | 'setpriv'
      | 'certutil',
      Attempt
    >
  >;
  /** Why workloads have no filter of system calls; `undefined`: they have one. */
  readonly noFilter: string | undefined;
  /** Settings of the kernel by name; those that it does not have are left out. */
  readonly kernel: Readonly<Record<string, string>>;
  /** The port of the server of the data folder; of one that has not started yet, that of a server without --port. */
  readonly serverPort: number;
  readonly ports: Readonly<Record<443 | 'server', PortState>>;
  /** The loopback addresses that a program can bind. */
  readonly loopback: ReadonlySet<string>;
  /** The name of a vault, which need not exist, and what the system's resolver says. */
  readonly name: { readonly asked: string; readonly addresses: readonly string[] };
}

/** The settings of the kernel that a judgement asks for. */
export const kernelSettings = [
  'kernel.apparmor_restrict_unprivileged_userns',
  'kernel.unprivileged_userns_clone',
  'user.max_user_namespaces',
  'user.max_net_namespaces',
] as const;
