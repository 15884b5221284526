import type { ServerAddress } from './network-reader.ts';

/** The server that a fabric belongs to, as its data folder tells it at the moment. */
export interface FabricServer {
  readonly networkReader: ServerAddress;
  /** Path of the supervisor's control socket. */
  readonly controlSocket: string;
  /** The authority of the names that only workloads use, in PEM. */
  readonly fabricAuthority: string;
  /** The authorities that a workload trusts, in PEM: the system's roots and that one. */
  readonly roots: string;
}
