import type { Answer } from '../http/answer.ts';
import { tagsOfBody } from '../resources/tags.ts';
import type { ControlOutcome, ControlCall } from './operation.ts';
import { Refused } from '../edge/refused.ts';
import type { ControlRefusal } from './refusal.ts';

export function answer(status: number, body?: unknown): { readonly ok: true; readonly answer: Answer } {
  return { ok: true, answer: { status, body } };
}

export function refuse(refusal: ControlRefusal): Extract<ControlOutcome, { ok: false }> {
  return { ok: false, refusal };
}

/**
 * `tags` of a request body.
 * @throws {Refused} for a tag whose value is an object
 */
export function tagsOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const tags = tagsOfBody(body);
  if (!tags.ok) throw new Refused<ControlRefusal>(tags.refusal);
  return tags.value;
}

/** A region's name is in a header of every answer of its vaults. */
const regionName = /^[A-Za-z0-9][A-Za-z0-9 ()-]{0,89}$/;

/** `location` of a request body, `undefined` when it has none. */
export function readLocation(
  body: Readonly<Record<string, unknown>>,
):
  { readonly ok: true; readonly value: string | undefined } | { readonly ok: false; readonly refusal: ControlRefusal } {
  const { location } = body;
  if (location === undefined || location === null || location === '') return { ok: true, value: undefined };
  if (typeof location === 'string' && regionName.test(location)) return { ok: true, value: location };
  const found = JSON.stringify(location).slice(0, 100);
  const rule = 'a region is a text of at most 90 letters, digits and spaces, for example "westeurope"';
  return { ok: false, refusal: { kind: 'badQuery', message: `The location ${found} is no region: ${rule}.` } };
}

export const locationMissing: ControlRefusal = {
  kind: 'badQuery',
  message: 'The \'location\' property is required: give the region, for example "westeurope".',
};

/**
 * What a request's conditions are refused with (RFC 9110 sections 13.1.1 and 13.1.2): `If-Match` wants the state
 * that there is, or with `*` any state, and `If-None-Match: *` wants that there is no state. `etag` is that of the
 * current state, `undefined` for a resource that does not exist.
 */
export function ifMatchRefusal(
  { conditions: { ifMatch, ifNoneMatch }, path }: Pick<ControlCall, 'conditions' | 'path'>,
  etag: string | undefined,
): Extract<ControlOutcome, { ok: false }> | undefined {
  const failed = refuse({ kind: 'preconditionFailed', id: path });
  if (ifMatch !== undefined && !names(ifMatch, etag)) return failed;
  return ifNoneMatch !== undefined && names(ifNoneMatch, etag) ? failed : undefined;
}

function names(condition: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  return condition.split(',').some((one) => one.trim() === '*' || one.trim() === etag);
}
