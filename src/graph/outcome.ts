import type { Changed } from '../directory/objects.ts';
import type { GraphCall, GraphOutcome } from './operation.ts';
import type { GraphRefusal } from './refusal.ts';

type Answered = Extract<GraphOutcome, { ok: true }>;

export function answer(status: number, body?: unknown): Answered {
  return { ok: true, answer: { status, body } };
}

export function refuse(refusal: GraphRefusal): Extract<GraphOutcome, { ok: false }> {
  return { ok: false, refusal };
}

/** A change that answers nothing but that it was made. */
export function done(changed: Changed<unknown>): GraphOutcome {
  return changed.ok ? { ...answer(204), change: changed.change } : changed;
}

/** One object as Graph shows it, with the name of what it is of: `users/$entity`. */
export function entity({ origin }: GraphCall, context: string, value: object): object {
  return { '@odata.context': `${origin}/v1.0/$metadata#${context}`, ...value };
}
