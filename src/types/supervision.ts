/**
 * What the supervisor and its worker say to each other over Node's IPC channel. A `listener` message carries the
 * listening socket as a raw handle; the worker passes it to `net.Server.listen`.
 */
export type ToWorker<Settings> =
  | StartWorker<Settings>
  | { readonly kind: 'listener'; readonly listener: Listener }
  /** Stop accepting on this listener, end its connections, close the handle, then answer `closed`. */
  | { readonly kind: 'close'; readonly id: string }
  /** Answer `pong`. A worker that does not is taken to hang. */
  | { readonly kind: 'ping' }
  /** End everything in order, and exit with 0. `why` is for the log. */
  | { readonly kind: 'stop'; readonly why: string };

/** The first message. */
export interface StartWorker<Settings> {
  readonly kind: 'start';
  /** `port` is the one that was really taken, never 0. */
  readonly settings: Settings;
  /** The account that the worker changes to before it does anything else; `undefined`: it stays what it is. */
  readonly become: { readonly uid: number; readonly gid: number } | undefined;
  /**
   * The data folder; with `--memory` a temporary one. `path` is to be shown. `entry` is where the worker goes once its
   * code is loaded and before it gives up root: its working directory from then on.
   */
  readonly folder: { readonly path: string; readonly entry: string };
  /** What the supervisor read of the files that the settings name, by their paths. The others are the worker's own. */
  readonly files: Readonly<Record<string, string>>;
  /** Where the commit mark lies, and under which descriptor the worker has it open, if it may not open it itself. */
  readonly mark: { readonly path: string; readonly descriptor?: number };
  /** How many `listener` messages follow at once. The worker is ready when it has answered all of them. */
  readonly listeners: number;
  /** Path of the supervisor's control socket, to be shown; the worker cannot open it where it has a uid of its own. */
  readonly controlSocket: string;
}

export type Listener =
  | { readonly kind: 'public'; readonly id: string; readonly address: string; readonly port: number }
  | SubnetListener
  | { readonly kind: 'unixGateway'; readonly id: string; readonly path: string; readonly vnet: string }
  | { readonly kind: 'tlsGateway'; readonly id: string; readonly address: string; readonly port: number }
  | {
      readonly kind: 'loadBalancer';
      readonly id: string;
      readonly address: string;
      readonly port: number;
      readonly from: readonly string[];
      readonly version: 1 | 2 | 'any';
    };

/** A socket opened inside a virtual network's namespace. */
export interface SubnetListener {
  readonly kind: 'subnet';
  readonly id: string;
  /** ARM id, as it was asked for. */
  readonly subnet: string;
  /**
   * What a worker before this one answered. The listener stays with that incarnation: a subnet that was made anew under
   * the same name is another. `undefined`: resolve the name now.
   */
  readonly incarnation: string | undefined;
}

export type FromWorker =
  /** The event loop turns. */
  | { readonly kind: 'pong' }
  /** Everything is accepted and answered from now on. One of the two is printed, by `--json`. */
  | { readonly kind: 'ready'; readonly line: string; readonly text: string }
  /** It cannot go on, and a new worker could not either. */
  | { readonly kind: 'fatal'; readonly message: string }
  /** The listener accepts; `incarnation` for a subnet's. */
  | { readonly kind: 'bound'; readonly id: string; readonly incarnation?: string }
  | { readonly kind: 'refused'; readonly id: string; readonly message: string }
  | { readonly kind: 'closed'; readonly id: string };
