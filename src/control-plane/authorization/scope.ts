import { parseScope } from '../../resources/keys.ts';
import type { Scope } from '../../resources/keys.ts';
import { refuse } from '../operation.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';

export const authorizationProvider = '/providers/Microsoft.Authorization';

/** The scope of the path, parsed. */
export function scopeOf(
  call: ControlCall,
): { readonly ok: true; readonly scope: Scope } | Extract<ControlOutcome, { ok: false }> {
  const scope = parseScope(call.params['scope'] ?? '');
  if (scope !== undefined) return { ok: true, scope };
  return refuse({ kind: 'invalidScope', scope: call.params['scope'] ?? '' });
}
