import type { Rotation } from './key-rotation.ts';
import type { Service } from './service.ts';

/**
 * The messages between the supervisor and its worker over Node's IPC channel. A `listener` message carries the
 * listening socket as a raw handle; the worker passes it to `net.Server.listen`.
 */
export type ToWorker<Settings> =
  | StartWorker<Settings>
  | { readonly kind: 'listener'; readonly listener: Listener }
  /** Stop accepting on this listener, end its connections, close the handle, then answer `closed`. */
  | { readonly kind: 'close'; readonly id: string }
  /** Check the binding and put it in force in the place of an earlier one, then answer `bound` or `refused`. */
  | { readonly kind: 'bind'; readonly binding: Binding }
  /** The binding is no longer in force: answer `closed`. */
  | { readonly kind: 'unbind'; readonly id: string }
  /** Replace a key, then answer `rotated` or `refused`. */
  | { readonly kind: 'rotate'; readonly id: string; readonly rotation: Rotation }
  /** Show these certificates to new connections. */
  | { readonly kind: 'tls'; readonly pairs: readonly TlsPair[] }
  /** Answer `status`. */
  | { readonly kind: 'status'; readonly id: string }
  /** Answer `pong`. A worker that does not answer counts as hung. */
  | { readonly kind: 'ping' }
  /** End everything in order, and exit with 0. `why` is for the log. `leaves`: no other worker follows. */
  | { readonly kind: 'stop'; readonly why: string; readonly leaves: boolean };

/** A certificate of the operator's with its key, all of it PEM. */
export interface TlsPair {
  /** The certificate's file, for messages. */
  readonly path: string;
  /** Its DNS names, in lower case. */
  readonly names: readonly string[];
  readonly keyType: 'rsa' | 'ec';
  /** The chain: the server's own first. */
  readonly certificate: string;
  readonly key: string;
  /** The certificates that clients must trust for it; empty if they are not known. */
  readonly anchors: string;
}

/** The first message. */
export interface StartWorker<Settings> {
  readonly kind: 'start';
  /** `port` is the real one, never 0. */
  readonly settings: Settings;
  /** The account that the worker changes to before it does anything else; `undefined`: it keeps its own. */
  readonly become: { readonly uid: number; readonly gid: number } | undefined;
  /**
   * The data folder; with `--memory` a temporary one. `path` is for display. `entry` becomes the worker's working
   * directory once its code is loaded, before it gives up root.
   */
  readonly folder: { readonly path: string; readonly entry: string };
  /** The contents of files that the settings name and the supervisor has read, by path. The worker reads the others. */
  readonly files: Readonly<Record<string, string>>;
  /** The operator's certificates. */
  readonly tls: readonly TlsPair[];
  /** Where the commit mark is, and its open descriptor if the worker may not open it itself. */
  readonly mark: { readonly path: string; readonly descriptor?: number };
  /** Where the listener for probes is, `http://ADDRESS:PORT`, for display. */
  readonly health: string | undefined;
  /** How many workers there were before, since the server was started. */
  readonly workerRestarts: number;
  /** How many `listener` messages follow at once. The worker is ready when it has answered all of them. */
  readonly listeners: number;
  /** The bindings in force, from the first request on. */
  readonly bindings: readonly Binding[];
  /** Path of the supervisor's control socket, for display; a worker with a uid of its own cannot open it. */
  readonly controlSocket: string;
  /** The number of the configuration, which readers of it have too; `undefined`: there are no readers. */
  readonly readersEpoch: number | undefined;
}

/** The messages to a reader. It gets the sockets that the settings opened and others reach, and answers as a worker does. */
export type ToReaderProcess<Settings> =
  | StartReader<Settings>
  | { readonly kind: 'listener'; readonly listener: Listener }
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop'; readonly why: string };

/** The first message to a reader. It gets the rest from the worker. */
export interface StartReader<Settings> extends Pick<StartWorker<Settings>, 'become' | 'folder' | 'files'> {
  readonly kind: 'start';
  /** Without the keys that are in them. */
  readonly settings: Settings;
  readonly reader: number;
  readonly epoch: number;
}

/**
 * `serves`, of a listener of the fabric: it answers this service's hosts alone, by Azure's own names. Without it a
 * listener answers all of the server's own names.
 */
export type Listener =
  | PublicListener
  | SubnetListener
  | MetadataListener
  | DeclaredListener
  | HealthListener
  | OperatorListener
  | ReadersListener
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

/** A socket on an address that public clients reach. */
export interface PublicListener {
  readonly kind: 'public';
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly serves?: Service;
}

/** A socket for probes and monitoring, plain HTTP. It is served from the moment at which the worker has given up root. */
export interface HealthListener {
  readonly kind: 'health';
  readonly id: string;
  readonly address: string;
  readonly port: number;
}

/** A socket opened inside a virtual network's namespace. */
export interface SubnetListener extends OfSubnet {
  readonly kind: 'subnet';
  readonly serves?: Service;
}

/** Likewise, for the instance metadata of the subnet's workloads: plain HTTP, whether or not the subnet has its endpoint. */
export interface MetadataListener extends OfSubnet {
  readonly kind: 'metadata';
}

/** A socket on loopback where programs ask for a connection (CONNECT) with the credential of the place that they declare. */
export interface DeclaredListener {
  readonly kind: 'declared';
  readonly id: string;
  readonly address: string;
  readonly port: number;
}

/** A unix socket in the folder of the control socket, where commands of the operator ask the worker itself. */
export interface OperatorListener {
  readonly kind: 'operator';
  readonly id: string;
}

/** A unix socket in the same folder, where readers hand requests over to the worker. */
export interface ReadersListener {
  readonly kind: 'readers';
  readonly id: string;
}

/** The common members of listeners of a subnet. */
interface OfSubnet {
  readonly id: string;
  /** On all addresses of the namespace. */
  readonly port: number;
  /** ARM id, as it was asked for. */
  readonly subnet: string;
  /**
   * As it was asked for, or the answer of an earlier worker. The listener stays with that incarnation: a subnet that was
   * created again under the same name is another one. `undefined`: resolve the name now.
   */
  readonly incarnation: string | undefined;
  /** Whether the listener is closed when the subnet's incarnation ends. Otherwise it stays, and refuses every connection. */
  readonly endsWithSubnet: boolean;
}

/** A thing that belongs to a place of a subnet while a program runs there. */
export type Binding = IdentityBinding | DeclaredBinding;

/** A program that declares its place: whoever shows the token counts as being there. */
export interface DeclaredBinding {
  readonly id: string;
  /** ARM id. */
  readonly subnet: string;
  readonly incarnation: string;
  /** A private IPv4 address of the subnet. Several programs may declare the same. */
  readonly address: string;
  /** SHA-256 of the token, in hex. */
  readonly tokenDigest: string;
}

/** A workload that runs as a managed identity: which place of which subnet belongs to the identity with this header. */
export interface IdentityBinding {
  readonly id: string;
  readonly incarnation: string;
  /** The workload's private IPv4 address. */
  readonly address: string;
  /** A secret: it is never logged. */
  readonly identityHeader: string;
}

export type FromWorker =
  /** Proves that the event loop runs. */
  | { readonly kind: 'pong' }
  /** Connections are accepted and answered from now on. `line` is printed with `--json`, `text` otherwise. */
  | { readonly kind: 'ready'; readonly line: string; readonly text: string }
  /** The worker's figures, as JSON. */
  | { readonly kind: 'status'; readonly id: string; readonly text: string }
  /** An operator asks for the end of the server. */
  | { readonly kind: 'leave' }
  /** The worker cannot go on, and a new one could not either. */
  | { readonly kind: 'fatal'; readonly message: string }
  /** The listener accepts, or the binding is in force; `incarnation` for a subnet's listener. */
  | { readonly kind: 'bound'; readonly id: string; readonly incarnation?: string }
  /** The ids of the keys: of the one in use, and of those that it replaces, separated by spaces. */
  | { readonly kind: 'rotated'; readonly id: string; readonly from: string; readonly to: string }
  /** The listener, binding or rotation was not accepted; or it is over because its subnet is. */
  | { readonly kind: 'refused'; readonly id: string; readonly message: string }
  | { readonly kind: 'closed'; readonly id: string };
