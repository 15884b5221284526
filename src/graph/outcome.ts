import type { Changed } from '../directory/objects.ts';
import type { Changed as Change, GraphCall, GraphOutcome, Read, Target } from './operation.ts';
import type { GraphRefusal } from './refusal.ts';

export function answer(status: number, body?: unknown): Read & { readonly ok: true } {
  return { ok: true, answer: { status, body } };
}

export function refuse(refusal: GraphRefusal): Extract<GraphOutcome<Read>, { ok: false }> {
  return { ok: false, refusal };
}

/** A change that answers nothing but that it was made. */
export function done(changed: Changed<unknown>, ...targets: Change['targets']): GraphOutcome<Change> {
  return changed.ok ? { ...answer(204), change: changed.change, targets } : changed;
}

export function targetOf({ id, displayName }: Required<Target>): Target {
  return { id, displayName };
}

/** One object as Graph shows it, with the name of what it is of: `users/$entity`. */
export function entity({ origin }: GraphCall, context: string, value: object): object {
  return { '@odata.context': `${origin}/v1.0/$metadata#${context}`, ...value };
}
