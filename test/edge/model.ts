import { setImmediate as turn } from 'node:timers/promises';
import type { Connection, Done, Edge, EdgeRequest, Failed } from '../../src/edge/edge.ts';
import { refusalOf } from '../../src/edge/edge.ts';
import { Steps } from '../../src/edge/steps.ts';
import { Turns } from '../../src/edge/turns.ts';
import type { TurnServices } from '../../src/edge/turns.ts';
import type { Answer } from '../../src/http/answer.ts';
import type { LogRecord } from '../../src/audit/activity.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Reading } from '../../src/store/records.ts';
import { turnsOf } from '../../src/store/store.ts';
import type { List, Read, ReadResult, Requirement, Store } from '../../src/store/store.ts';

/** Like a socket, it has its methods from its class. */
export class ModelConnection implements Connection {
  readonly calls: string[] = [];

  isPaused(): boolean {
    return this.calls.at(-1) === 'pause';
  }

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }
}

export const connection = () => new ModelConnection();

/** A request that brings its own steps, requirements and work. */
export interface ModelRequest extends EdgeRequest {
  readonly connection: ModelConnection;
  readonly step: () => unknown;
  readonly once: () => unknown;
  readonly requirements: () => readonly Requirement[];
  readonly work: () => Reading<Done>;
  readonly renew: (key: string) => void | Promise<void>;
}

const modelSteps = Steps.of<ModelRequest, Model>()
  .step('decided', ({ request }) => request.step())
  .once('received', ({ request }) => request.once());

/** A log record with only its request's id, which is all that these tests check. */
export function record(requestId: string): LogRecord {
  return { category: 'AuditEvent', resourceId: requestId } as LogRecord;
}

// oxlint-disable-next-line require-yield -- it needs nothing
export function* answering(id: string, more: Partial<Done> = {}): Reading<Done> {
  return { answer: { status: 200, body: id }, records: [record(id)], ...more };
}

/** The turns over a store in memory, with everything that happens, in order. */
export class Model {
  readonly store: Store;
  /** The events: answers by their status, records of refusals, ends of requests. */
  readonly seen: string[] = [];
  readonly logged: unknown[] = [];
  /** By turn, the requests whose records were written together. */
  readonly written: string[][] = [];
  /** Stands in for the log: it may throw, or return a promise as for the disk. */
  write: () => Promise<void> | undefined = () => undefined;
  readMany: Store['readMany'] = (requests) => this.store.readMany(requests);
  readonly turns: Turns;
  #sent = 0;

  constructor(store: Store = memoryStore()) {
    this.store = store;
    const audit: TurnServices['audit'] = {
      readNow: (lines) => {
        const synced = this.write();
        this.written.push(lines.map(({ resourceId }) => resourceId));
        return synced;
      },
      stage: ({ resourceId }) => ({ put: { key: `outbox/${resourceId}/${this.#sent++}`, value: Buffer.from('1') } }),
      committed: () => undefined,
      failed: () => undefined,
      refused: async ({ resourceId }) => {
        await this.write();
        this.seen.push(`${resourceId} recorded`);
      },
    };
    this.turns = new Turns({
      store: {
        readMany: (requests: readonly (Read | List)[]): readonly ReadResult[] | Promise<readonly ReadResult[]> =>
          this.readMany(requests),
        transact: (transaction) => this.store.transact(transaction),
        ...turnsOf(store),
      },
      audit,
      logError: (error) => this.logged.push(error),
    });
  }

  /** Sends a request. Returns its answer, or `undefined` if its connection is closed instead. */
  send(
    id: string,
    asked: Partial<ModelRequest> = {},
    edge: Partial<typeof modelEdge> = {},
  ): Promise<Answer | undefined> {
    const request: ModelRequest = {
      requestId: id,
      connection: connection(),
      step: () => 'decided',
      once: () => 'received',
      requirements: () => [],
      work: () => answering(id),
      renew: () => undefined,
      ...asked,
    };
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    const respond = (answer: Answer | undefined) => {
      this.seen.push(`${id} ${answer?.status ?? 'cut off'}`);
      resolve(answer);
    };
    const over = () => void this.seen.push(`${id} over`);
    this.turns.answer({ edge: { ...modelEdge, over, ...edge }, services: this, request, respond });
    return promise;
  }

  /** How many times the request ended. */
  ends(id: string): number {
    return this.seen.filter((event) => event === `${id} over`).length;
  }
}

const statuses: Readonly<Record<string, number>> = { recordUnavailable: 503, tooManyConflicts: 409, no: 403 };

type Facts = { readonly decided: unknown; readonly received: unknown };

export const modelEdge: Edge<ModelRequest, Model, Facts> = {
  steps: modelSteps,
  requirements: ({ request }) => request.requirements(),
  work: ({ request }) => request.work(),
  failed: (error, { request }): Failed => {
    const { kind } = refusalOf(error);
    return {
      answer: { status: statuses[kind] ?? 500, body: kind },
      records: [record(request.requestId)],
      caller: undefined,
    };
  },
  renew: (key, { request }) => request.renew(key),
};

/** Waits until this turn of the event loop and some later ones are over. */
export async function quiet(turns = 20): Promise<void> {
  for (let at = 0; at < turns; at += 1) await turn();
}
