import { refuse } from '../firewall/json.ts';
import type { Members } from '../firewall/json.ts';

/** Members that the service makes and a client may send back: accepted, and not looked at. */
export function ignored<T>(names: readonly string[]): Members<T> {
  return Object.fromEntries(names.map((name) => [name, () => ({ ok: true, value: {} }) as const]));
}

/** Members that Azure has and Postern does not: `null` says as much as nothing, anything else is refused. */
export function refusedUnlessNull<T>(names: readonly string[]): Members<T> {
  const reader = (_: unknown, path: string) =>
    refuse({ kind: 'wrongType', path, expected: 'null, because this is not supported here', found: 'another value' });
  return Object.fromEntries(names.map((name) => [name, reader]));
}

/** The members of a value that should be an object; none of anything else. */
export function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The same without some. */
export function without(members: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}
