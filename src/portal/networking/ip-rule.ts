import { contains, formatRange, parseRange } from '../../address/address.ts';
import type { Range } from '../../address/address.ts';
import { refusalMessage } from '../../firewall/refusal.ts';
import type { RuleRefusal } from '../../firewall/refusal.ts';
import { validateNetworkAcls } from '../../firewall/validate.ts';
import type { RuleProfile } from '../../types/firewall.ts';
import type { VaultNetworkAcls } from '../vaults/vault.ts';
import { ipRuleKey } from './draft.ts';

/** The judgement of the value in the field for a new IP rule. */
export type Typed =
  | { readonly kind: 'empty' }
  | { readonly kind: 'taken'; readonly value: string; readonly note: string | undefined }
  /** `says` is the server's sentence. `unfinished`: more characters could make it right. `instead`: values that would be taken. */
  | {
      readonly kind: 'refused';
      readonly says: string;
      readonly unfinished: boolean;
      readonly instead: readonly string[];
    };

/** Judges the value by the server's own validation, with the rules that are there already. */
export function judgeIpRule(text: string, acls: VaultNetworkAcls, profile: RuleProfile): Typed {
  const value = text.trim();
  if (value === '') return { kind: 'empty' };
  const validated = validateNetworkAcls({ ...acls, ipRules: [...acls.ipRules, { value }] }, profile);
  if (!validated.ok) {
    const { refusal } = validated;
    return {
      kind: 'refused',
      says: sentenceOf(refusal),
      unfinished: isUnfinished(refusal),
      instead: insteadOf(refusal),
    };
  }
  const taken = validated.networkAcls.ipRules.at(-1)?.value ?? value;
  if (acls.ipRules.some((rule) => ipRuleKey(rule.value) === ipRuleKey(taken))) {
    return { kind: 'refused', says: `${taken} is in the list already.`, unfinished: false, instead: [] };
  }
  return { kind: 'taken', value: taken, note: noteOn(taken, acls) };
}

/** The server's sentence without the place in the body: here it is beside the field. */
function sentenceOf(refusal: RuleRefusal): string {
  return refusalMessage(refusal).replace(`Invalid value found at ${refusal.path}: `, '');
}

/** A value like `203.0.` is not wrong yet: it is being typed. */
function isUnfinished(refusal: RuleRefusal): boolean {
  if (refusal.kind !== 'notARange') return false;
  const { problem, value } = refusal;
  return (
    problem.kind === 'shortForm' ||
    (problem.kind === 'prefixMalformed' && value.endsWith('/')) ||
    /^\d[\d.]*\.$/.test(value)
  );
}

function insteadOf(refusal: RuleRefusal): readonly string[] {
  if (refusal.kind === 'smallRange') return refusal.addresses;
  if (refusal.kind === 'notARange' && refusal.problem.kind === 'hostBitsSet')
    return [formatRange(refusal.problem.network)];
  return [];
}

function noteOn(value: string, { ipRules }: VaultNetworkAcls): string | undefined {
  const range = rangeOf(value);
  if (range === undefined) return undefined;
  const wider = ipRules.find((rule) => {
    const other = rangeOf(rule.value);
    return other !== undefined && contains(other, range);
  });
  return wider && `${wider.value} lets it in already.`;
}

export function rangeOf(value: string): Range | undefined {
  const parsed = parseRange(value);
  return parsed.ok ? parsed.range : undefined;
}
