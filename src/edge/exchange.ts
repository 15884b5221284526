import type { Audit } from '../audit/audit.ts';
import type { RecordLine } from '../audit/line.ts';
import type { Answer } from '../http/answer.ts';
import type { ParsedOnce } from '../store/records.ts';
import type { List, Read, ReadResult, Store } from '../store/store.ts';
import type { Connection, Edge, EdgeRequest } from './edge.ts';
import type { Known } from './steps.ts';

/** The read or list that a request needs before it can continue. */
export type StoreRequest = Read | List;

/** A request that is not answered yet, as a turn sees it. */
export interface Pending {
  readonly connection: Connection;
  /** The read that it needs before it can continue. */
  readonly needs: StoreRequest | undefined;
  /**
   * Runs the request until it must read or wait. Returns whether it is still in this turn: a request that waits leaves
   * it, joins a later turn, and only that turn may run it then.
   */
  advance(): boolean;
  /** Gives the request what it needs. `advance` is called after every request has its result. */
  take(result: ReadResult, once: ParsedOnce): void;
  /**
   * Called when no request of the turn can continue. For a request that only reads, returns the lines of its records;
   * call `recorded` or `fail` next. Any other request that is decided finishes by itself.
   */
  settle(): readonly RecordLine[] | undefined;
  recorded(): void;
  fail(error: unknown): void;
}

/** The services of a pending request, besides those of its edge. */
export interface PendingServices {
  readonly store: Pick<Store, 'transact' | 'turnOf'>;
  readonly audit: Pick<Audit, 'stage' | 'committed' | 'failed' | 'refused'>;
  readonly turns: { join(request: Pending): void; end(connection: Connection): void };
  /** Logs the detail of a failure, which the client is not told. */
  readonly logError: (error: unknown, requestId: string) => void;
}

type SomeFacts<Request, Facts> = Known<Request, Partial<Facts>>;

/** A request, the edge that answers it, and the function that sends the answer. */
export interface Exchange<Request extends EdgeRequest, Services, Facts extends object> {
  readonly edge: Edge<Request, Services, Facts>;
  readonly services: Services;
  readonly request: Request;
  /** Sends the answer. If it is `undefined`, closes the connection. */
  readonly respond: (answer: Answer | undefined, known: SomeFacts<Request, Facts>) => void;
  /**
   * Called in place of every answer but that of a read which succeeded: another process of this server decides the request
   * from its beginning, and records it. Resolves when the request is over, and never rejects.
   */
  readonly elsewhere?: ((error: unknown) => Promise<void>) | undefined;
}
