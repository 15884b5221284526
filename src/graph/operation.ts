import type { Answer } from '../http/answer.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { GraphRefusal } from './refusal.ts';

/** An operation of Graph, whole on one card. */
export interface GraphOperation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1.0`, in Fastify's notation. */
  readonly path: string;
  /** Every caller of the tenant may read its directory, as Entra's users may; only its administrators may write. */
  readonly access: 'read' | 'write';
  readonly run: (call: GraphCall) => Promise<GraphOutcome>;
}

export interface GraphCall {
  readonly store: Store;
  readonly tenantId: string;
  readonly caller: Caller;
  /** Origin of Graph in the name set that was asked. */
  readonly origin: string;
  /** The path as it was asked, without its query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly newId: () => string;
}

export type GraphOutcome =
  | { readonly ok: true; readonly answer: Answer; readonly change?: Transaction }
  | { readonly ok: false; readonly refusal: GraphRefusal };
