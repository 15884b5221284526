import type { Answer } from '../http/answer.ts';
import type { ControlOutcome } from './operation.ts';
import type { ControlRefusal } from './refusal.ts';

export function answer(status: number, body?: unknown): { readonly ok: true; readonly answer: Answer } {
  return { ok: true, answer: { status, body } };
}

export function refuse(refusal: ControlRefusal): Extract<ControlOutcome, { ok: false }> {
  return { ok: false, refusal };
}

/** `tags` of a request body: an object of strings; anything else is an empty one, as ARM takes `null`. */
export function tagsOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const { tags } = body;
  if (typeof tags !== 'object' || tags === null) return {};
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]));
}

/** `location` of a request body, `undefined` when it has none. */
export function locationOf(body: Readonly<Record<string, unknown>>): string | undefined {
  return typeof body['location'] === 'string' && body['location'] !== '' ? body['location'] : undefined;
}

export const locationMissing: ControlRefusal = {
  kind: 'badQuery',
  message: 'The \'location\' property is required: give the region, for example "westeurope".',
};
