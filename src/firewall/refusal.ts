import { formatIpv4, formatRange } from '../address/address.ts';
import type { RangeProblem } from '../address/address.ts';
import { renderFault, describeType } from '../shape/fault.ts';
import type { Fault, JsonType, Wordings } from '../shape/fault.ts';
import type { RuleProfileName } from '../types/firewall.ts';
import type { ReservedRange } from './validate.ts';

/** Why a `networkAcls` is not accepted. `path` leads to the value from the root of the vault resource. */
export type RuleRefusal = ShapeRefusal | (RuleBreach & { readonly path: string });

/** Why a value of the wrong shape is not accepted, whatever it is for. */
export type ShapeRefusal = { readonly path: string } & (
  | { readonly kind: 'wrongType'; readonly expected: string; readonly found: string }
  | { readonly kind: 'unknownMember'; readonly member: string; readonly known: readonly string[] }
  | { readonly kind: 'missingMember'; readonly member: string }
  | { readonly kind: 'unknownChoice'; readonly value: string; readonly choices: readonly string[] }
);

/** Why a network rule of the right shape is not accepted. */
export type RuleBreach =
  | { readonly kind: 'tooManyIpRules'; readonly limit: number; readonly profile: RuleProfileName }
  | { readonly kind: 'tooManyVirtualNetworkRules'; readonly limit: number; readonly profile: RuleProfileName }
  | { readonly kind: 'notARange'; readonly value: string; readonly problem: RangeProblem }
  /** `value` as the profile returns it. `inside`: every address of the value is reserved. */
  | {
      readonly kind: 'reservedRange';
      readonly value: string;
      readonly reserved: ReservedRange;
      readonly inside: boolean;
    }
  /** `addresses` are all addresses of the /31 or /32. */
  | { readonly kind: 'smallRange'; readonly value: string; readonly addresses: readonly string[] }
  | { readonly kind: 'malformedSubnetId'; readonly value: string };

/** The refusal for a fault in the value at `base`. */
export function refusalOf<Breach extends object>(
  fault: Fault<Breach>,
  base: string,
): ShapeRefusal | (Breach & { readonly path: string }) {
  type Said = ShapeRefusal | (Breach & { readonly path: string });
  const breach: Wordings<Breach, Said>['breach'] = (broken, path) => ({ ...broken.breach, path });
  return renderFault<Fault['kind'], Breach, Said>({ ...shapeRefusals, breach }, fault, base);
}

const shapeRefusals: Omit<Wordings<unknown, ShapeRefusal>, 'breach'> = {
  wrongType: ({ found, expected }, path) => wrong(path, typeWords[expected], describeType(found)),
  wrongValue: ({ found, expected }, path) => wrong(path, expected, inShort(found)),
  outOfRange: ({ found, least, most }, path) => wrong(path, `a whole number from ${least} to ${most}`, inShort(found)),
  unknownChoice: ({ found, choices }, path) => ({
    kind: 'unknownChoice',
    path,
    value: String(found),
    choices: choices.map(String),
  }),
  unknownMember: ({ member, known }, path) => ({ kind: 'unknownMember', path, member, known }),
  missingMember: ({ member }, path) => ({ kind: 'missingMember', path, member }),
};

function wrong(path: string, expected: string, found: string): ShapeRefusal {
  return { kind: 'wrongType', path, expected, found };
}

/** The type of an object or array, the JSON of anything else. */
function inShort(found: unknown): string {
  if (typeof found === 'string') return quote(found);
  return typeof found === 'number' || typeof found === 'boolean' ? String(found) : describeType(found);
}

const typeWords: Readonly<Record<JsonType, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
};

type Refusal<Kind extends RuleRefusal['kind']> = RuleRefusal & { readonly kind: Kind };

/**
 * The message for people: where, which value, which rule it broke, and what to do instead. Starts with Azure's words.
 */
export function refusalMessage<Kind extends RuleRefusal['kind']>(refusal: Refusal<Kind>): string {
  return `Invalid value found at ${refusal.path}: ${wordings[refusal.kind](refusal)}`;
}

type Wording = { readonly [Kind in RuleRefusal['kind']]: (refusal: Refusal<Kind>) => string };

const wordings: Wording = {
  wrongType: ({ expected, found }) => `this is ${found}; it must be ${expected}.`,
  unknownMember: ({ member, known }) =>
    `the member ${quote(member)} is not supported; remove it, the members are ${known.join(', ')}.`,
  missingMember: ({ member }) => `the member ${quote(member)} is missing; every rule needs one.`,
  unknownChoice: ({ value, choices }) => `${quote(value)} is not a choice; use ${choices.join(' or ')}.`,
  tooManyIpRules: ({ limit, profile }) =>
    `a vault takes at most ${limit} IPv4 rules (rule profile ${profile}); ` +
    'join neighbouring addresses into ranges, or remove rules.',
  tooManyVirtualNetworkRules: ({ limit, profile }) =>
    `a vault takes at most ${limit} virtual network rules (rule profile ${profile}); ` +
    'remove rules of subnets that no longer need the vault.',
  notARange: ({ value, problem }) => `${quote(value)} ${rangeProblemMessage(problem)}`,
  // Azure's sentence for RFC 1918, recorded in azure-powershell#11471, ends at the bracket; what follows it is ours.
  reservedRange: ({ value, reserved, inside }) =>
    `${value} ${inside ? 'belongs to' : 'overlaps'} forbidden range ` +
    `${formatIpv4(reserved.first)}–${formatIpv4(reserved.last)} (${reserved.name}). ` +
    'IP rules take public addresses only: give the public (NAT) address that callers arrive from, ' +
    'or a virtual network rule for callers in a subnet. To let every network in, set defaultAction to Allow.',
  smallRange: ({ value, addresses }) =>
    `${value} is a small range, and the prefix sizes /31 and /32 are not supported; ` +
    `use individual addresses instead: ${addresses.join(' and ')}.`,
  malformedSubnetId: ({ value }) => `${quote(value)} is not the id of a subnet; it has the form ${subnetIdExample}.`,
};

const subnetIdExample =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg1' +
  '/providers/Microsoft.Network/virtualNetworks/vnet1/subnets/subnet1';

type Problem<Kind extends RangeProblem['kind']> = RangeProblem & { readonly kind: Kind };

function rangeProblemMessage<Kind extends RangeProblem['kind']>(problem: Problem<Kind>): string {
  return rangeWordings[problem.kind](problem);
}

const rangeWordings: { readonly [Kind in RangeProblem['kind']]: (problem: Problem<Kind>) => string } = {
  empty: () => 'is empty; give a public IPv4 address, or a range such as 203.0.113.0/24.',
  spaces: () => 'has white space in it; remove it.',
  ipv6: () => 'is IPv6; only IPv4 addresses are supported.',
  hex: () => 'is in hexadecimal; write the octets in decimal.',
  shortForm: ({ octets }) => `has ${octets} of 4 octets; write all four, as in 203.0.113.0/24.`,
  leadingZero: ({ octet, decimal }) =>
    `has the octet ${octet}, whose leading zero some readers take for octal; write ${decimal} if decimal is meant.`,
  octetOutOfRange: ({ octet }) => `has the octet ${quote(octet)}; an octet is at most 255.`,
  prefixMalformed: ({ prefix }) =>
    `has the prefix ${quote(prefix)}; write the number of leading bits in decimal, as in /24, not a netmask.`,
  prefixOutOfRange: ({ prefix }) => `has the prefix ${quote(prefix)}; a prefix is at most 32.`,
  hostBitsSet: ({ network }) =>
    `has bits set after the prefix; use ${formatRange(network)} for the range, or the address without a prefix.`,
  malformed: () => 'is neither an IPv4 address nor a range; write it as in 203.0.113.7 or 203.0.113.0/24.',
};

/** A value from outside, made safe to print: escaped, and no longer than the longest id. */
function quote(text: string): string {
  return JSON.stringify(text.length > 400 ? `${text.slice(0, 400)}…` : text);
}
