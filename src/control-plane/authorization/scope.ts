import { parseScope } from '../../resources/scope-id.ts';
import type { Scope } from '../../resources/scope-id.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';
import { refuse } from '../outcome.ts';

export const authorizationProvider = '/providers/Microsoft.Authorization';

/** The scope of the path, taken apart. */
export function scopeOf(
  call: ControlCall,
): { readonly ok: true; readonly scope: Scope } | Extract<ControlOutcome, { ok: false }> {
  const scope = parseScope(call.params['scope'] ?? '');
  if (scope !== undefined) return { ok: true, scope };
  return refuse({ kind: 'invalidScope', scope: call.params['scope'] ?? '' });
}
