import { wrong } from '../shape/fault.ts';
import type { Shape } from '../shape/shape.ts';

/** Of a member that Azure has and Postern does not: `null` says as much as nothing, anything else is refused. */
export const unsupported: Shape<never> = (value) => wrong(value, 'null, because this is not supported here');

/** The members of a value that should be an object; none of anything else. */
export function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The same without some. */
export function without(members: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}
