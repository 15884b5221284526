import { parseScope } from '../../resources/keys.ts';
import type { Scope } from '../../resources/keys.ts';
import { refuse } from '../operation.ts';
import type { ControlCall } from '../operation.ts';

export const authorizationProvider = '/providers/Microsoft.Authorization';

/**
 * The scope of the path, parsed.
 * @throws {Refused} for a path that is not an ARM id
 */
export function scopeOf({ params: { scope = '' } }: ControlCall): Scope {
  return parseScope(scope) ?? refuse({ kind: 'invalidScope', scope });
}
