import { formatIpv4 } from '../address/address.ts';
import { contains, formatRange, parseRange } from '../address/range.ts';
import type { Range } from '../address/range.ts';
import type { IpRule } from '../types/firewall.ts';
import { part, readObject, readString, refuse } from './json.ts';
import type { Read } from './json.ts';
import type { RuleProfile } from './profiles.ts';
import { reservedOverlap } from './reserved.ts';

/** Reads one element of `ipRules`; the result is in the form in which the profile gives it back. */
export function readIpRule(value: unknown, path: string, profile: RuleProfile): Read<IpRule> {
  const rule = readObject<IpRule>(value, path, {
    value: (text, textPath) => part(readValue(text, textPath, profile), (given) => ({ value: given })),
  });
  if (!rule.ok) return rule;
  const given = rule.value.value;
  return given === undefined
    ? refuse({ kind: 'missingMember', path, member: 'value' })
    : { ok: true, value: { value: given } };
}

/**
 * The checks stand in the order in which a user can act on them: what would be refused even when corrected (a reserved
 * range, a small range with host bits) is named first, so that following the remedy never leads to the next refusal.
 */
function readValue(value: unknown, path: string, profile: RuleProfile): Read<string> {
  const text = readString(value, path);
  if (!text.ok) return text;
  const parsed = parseRange(text.value);
  if (parsed.ok) return readRange(parsed.range, text.value, { path, profile });
  const { problem } = parsed;
  const corrected =
    problem.kind === 'hostBitsSet' ? readRange(problem.network, text.value, { path, profile }) : undefined;
  return corrected?.ok === false ? corrected : refuse({ kind: 'notARange', path, value: text.value, problem });
}

function readRange(range: Range, text: string, at: { path: string; profile: RuleProfile }): Read<string> {
  const { path, profile } = at;
  const value = profile.addresses === 'withPrefix' && !text.includes('/') ? formatRange(range) : text;
  const reserved = reservedOverlap(range);
  if (reserved !== undefined) {
    return refuse({ kind: 'reservedRange', path, value, reserved, inside: contains(reserved, range) });
  }
  if (profile.smallRanges === 'refused' && range.prefix >= 31 && text.includes('/')) {
    return refuse({ kind: 'smallRange', path, value, addresses: addressesOf(range) });
  }
  return { ok: true, value };
}

function addressesOf(range: Range): readonly string[] {
  return [...new Set([range.first, range.last])].map((address) => formatIpv4(address));
}
