import { formatIpv4 } from '../address/address.ts';
import { contains, formatRange, parseRange } from '../address/range.ts';
import type { Range } from '../address/range.ts';
import type { IpRule } from '../types/firewall.ts';
import { accept, breached } from '../shape/fault.ts';
import type { Read } from '../shape/fault.ts';
import { object, refine, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type { RuleProfile } from './profiles.ts';
import type { RuleBreach } from './refusal.ts';
import { reservedOverlap } from './reserved.ts';

/** One element of `ipRules`, in the form in which the profile gives it back. */
export function ipRule(profile: RuleProfile): Shape<IpRule, RuleBreach> {
  return object({ value: refine(string, (text) => readValue(text, profile)) });
}

/**
 * The checks stand in the order in which a user can act on them: what would be refused even when corrected (a reserved
 * range, a small range with host bits) is named first, so that following the remedy never leads to the next refusal.
 */
function readValue(text: string, profile: RuleProfile): Read<string, RuleBreach> {
  const parsed = parseRange(text);
  if (parsed.ok) return readRange(parsed.range, text, profile);
  const { problem } = parsed;
  const corrected = problem.kind === 'hostBitsSet' ? readRange(problem.network, text, profile) : undefined;
  return corrected?.ok === false ? corrected : breached(text, { kind: 'notARange', value: text, problem });
}

function readRange(range: Range, text: string, profile: RuleProfile): Read<string, RuleBreach> {
  const value = profile.addresses === 'withPrefix' && !text.includes('/') ? formatRange(range) : text;
  const reserved = reservedOverlap(range);
  if (reserved !== undefined) {
    return breached(text, { kind: 'reservedRange', value, reserved, inside: contains(reserved, range) });
  }
  if (profile.smallRanges === 'refused' && range.prefix >= 31 && text.includes('/')) {
    return breached(text, { kind: 'smallRange', value, addresses: addressesOf(range) });
  }
  return accept(value);
}

function addressesOf(range: Range): readonly string[] {
  return [...new Set([range.first, range.last])].map((address) => formatIpv4(address));
}
