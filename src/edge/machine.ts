import type { Audit } from '../audit/audit.ts';
import type { RecordLine } from '../audit/line.ts';
import type { Answer } from '../http/answer.ts';
import type { ParsedOnce } from '../store/records.ts';
import type { List, Read, ReadResult, Store } from '../store/store.ts';
import type { Connection, Edge, EdgeRequest } from './edge.ts';
import type { Known } from './steps.ts';

/** What one request asks of the store. */
export type Asked = Read | List;

/** A request on its way to its answer, as the turn sees it. */
export interface Pending {
  readonly connection: Connection;
  /** What it must read before it can go on. */
  readonly asks: Asked | undefined;
  /**
   * Runs it as far as it comes without reading or waiting. Whether it is still of the turn: one that waits elsewhere
   * joins another, which alone may then go on with it.
   */
  goOn(): boolean;
  /** Gives it what it asked for; `goOn` is called after all have theirs. */
  take(result: ReadResult, once: ParsedOnce): void;
  /**
   * Called when nobody of the turn can go on. Gives the records of one that has only read, and is then told `recorded` or
   * `fail`; any other that is decided sees to its end by itself.
   */
  settle(): readonly RecordLine[] | undefined;
  recorded(): void;
  fail(error: unknown): void;
}

export interface Machine {
  readonly store: Pick<Store, 'transact'>;
  readonly audit: Pick<Audit, 'stage' | 'committed' | 'failed' | 'refused'>;
  readonly turns: { join(request: Pending): void; end(connection: Connection): void };
  /** The detail of a failure that the client is told nothing of. */
  readonly logError: (error: unknown, requestId: string) => void;
}

type Partly<Request, Facts> = Known<Request, Partial<Facts>>;

export interface Asking<Request extends EdgeRequest, Services, Facts extends object> {
  readonly edge: Edge<Request, Services, Facts>;
  readonly services: Services;
  readonly request: Request;
  /** Sends the answer; `undefined` where there is none, and the connection is to be ended. */
  readonly respond: (answer: Answer | undefined, known: Partly<Request, Facts>) => void;
}
