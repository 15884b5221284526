import type { NodeIdentity } from '../node-store.ts';
import type { Store } from '../store.ts';

export interface PostgresStoreOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, as `parseTarget` reads it; it may lead through a pooler. */
  readonly url: string;
  /** Of the role; one in the URL comes first. */
  readonly password?: string | undefined;
  /** The certificates of the authorities that may vouch for the server, as PEM; without it those that Node trusts. */
  readonly ca?: string | undefined;
  /** Reads the file that a URL names as `sslrootcert`; by default, as this process may. */
  readonly readFile?: ((path: string) => string) | undefined;
  /** Leads past the pooler, for notifications alone. Without it, and where they are not delivered, the store polls. */
  readonly listenUrl?: string | undefined;
  readonly schema?: string;
  readonly node: NodeIdentity;
  /** How many of the last changes are kept for `changes`. */
  readonly history?: number;
  /**
   * Called after each new connection to the database and each new timeline, before anything is answered, with a store that
   * answers nevertheless. When it throws, nothing is answered, and it is called again.
   */
  readonly judge?: (store: Store) => Promise<void>;
  /** The most milliseconds from a heartbeat's start to an answer that relies on it. */
  readonly freshMs?: number;
  /** How many milliseconds a call waits for a database that does not answer. */
  readonly patienceMs?: number;
  /** How many milliseconds the outcome of a change is looked for, after the connection was lost. */
  readonly outcomeMs?: number;
  /** How many milliseconds the opening waits for a database that starts or fails over. */
  readonly startMs?: number;
  /** False where a pooler does not keep prepared statements apart. Found out where it is not said. */
  readonly prepared?: boolean;
  /** Told when the database cannot be asked, and when it can again. */
  readonly notice?: ((message: string) => void) | undefined;
  /** The machine's clock: milliseconds since 1970. */
  readonly now: () => number;
}
