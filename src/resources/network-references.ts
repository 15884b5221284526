import { refuse } from '../firewall/json.ts';
import type { Read } from '../firewall/json.ts';
import { membersOf } from './members.ts';

/** `{ id }`, as a resource names another; `undefined` for none. */
export function readReference(value: unknown, path: string): Read<string | undefined> {
  if (value === undefined || value === null) return { ok: true, value: undefined };
  const { id } = membersOf(value);
  if (typeof id === 'string' && id !== '') return { ok: true, value: id };
  return refuse({
    kind: 'wrongType',
    path,
    expected: 'an object with the ARM id of a resource',
    found: 'another value',
  });
}
