import type { Changed as DirectoryChange } from '../directory/objects.ts';
import { Refused } from '../edge/edge.ts';
import type { Answer } from '../http/answer.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { Activity } from './activities.ts';
import type { GraphRefusal } from './refusal.ts';

interface Card {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1.0`, in the notation of `find-my-way`. */
  readonly path: string;
}

/**
 * An operation of Graph. Every caller of the tenant may read its directory, as Entra's users may. Only its administrators
 * may write, and every write has a record. `run` rejects with `Refused` if the request is refused.
 */
export type GraphOperation =
  | (Card & { readonly access: 'read'; readonly run: (call: GraphCall) => Promise<Read> })
  | (Card & {
      readonly access: 'write';
      /** The activity in the record, by the request's body. */
      readonly activity: (body: GraphCall['body']) => Activity;
      readonly run: (call: GraphCall) => Promise<Changed>;
    });

export interface GraphCall {
  readonly store: Store;
  readonly tenantId: string;
  readonly caller: Caller;
  /** Graph's origin under the requested name. */
  readonly origin: string;
  /** The path of the request, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** In milliseconds since 1970. */
  readonly nowMs: number;
  readonly newId: () => string;
}

/** A changed object, for the record. */
export interface Target {
  readonly id: string;
  readonly displayName?: string;
}

export interface Read {
  readonly answer: Answer;
}

export interface Changed extends Read {
  readonly change: Transaction;
  /** First the object of the activity, then others that it involves. */
  readonly targets: readonly [Target, ...Target[]];
}

export function answer(status: number, body?: unknown): Read {
  return { answer: { status, body } };
}

/**
 * The result of the rules of the directory.
 * @throws {Refused} their refusal
 */
export function orRefuse<T>(changed: DirectoryChange<T>): Extract<DirectoryChange<T>, { ok: true }> {
  if (changed.ok) return changed;
  throw new Refused<GraphRefusal>(changed.refusal);
}

/**
 * The outcome of a change that answers without a body.
 * @throws {Refused} the refusal of the rules
 */
export function done(changed: DirectoryChange<unknown>, ...targets: Changed['targets']): Changed {
  return { ...answer(204), change: orRefuse(changed).change, targets };
}

export function targetOf({ id, displayName }: Required<Target>): Target {
  return { id, displayName };
}

/** An object with its OData context, such as `users/$entity`. */
export function entity({ origin }: GraphCall, context: string, value: object): object {
  return { '@odata.context': `${origin}/v1.0/$metadata#${context}`, ...value };
}
