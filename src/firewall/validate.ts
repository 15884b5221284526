import { contains, formatIpv4, formatRange, overlaps, parseIpv4, parseRange } from '../address/address.ts';
import type { Range } from '../address/address.ts';
import { accept, breached } from '../shape/fault.ts';
import type { Read } from '../shape/fault.ts';
import { array, boolean, choice, guidForm, object, optional, refine, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type { IpRule, NetworkAcls, RuleProfile, VirtualNetworkRule } from '../types/firewall.ts';
import { refusalOf } from './refusal.ts';
import type { RuleBreach, RuleRefusal } from './refusal.ts';

/** A range whose addresses are never public; `first` and `last` belong to it. */
export interface ReservedRange {
  readonly first: number;
  readonly last: number;
  readonly name: string;
}

/**
 * Addresses that are not public, in ascending order and disjoint (IANA IPv4 special-purpose address registry, RFC
 * 6890). The words for RFC 1918 are Azure's. The documentation ranges of RFC 5737 are left out on purpose: they count
 * as public, so that examples and tests can use them without naming anyone's real address. 168.63.129.16 is public by
 * registry, but is the platform's own address inside every Azure virtual network.
 */
export const reservedRanges: readonly ReservedRange[] = [
  reserve('0.0.0.0', '0.255.255.255', '"this network" addresses, RFC 791'),
  reserve('10.0.0.0', '10.255.255.255', 'private IP addresses'),
  reserve('100.64.0.0', '100.127.255.255', 'shared addresses of carrier-grade NAT, RFC 6598'),
  reserve('127.0.0.0', '127.255.255.255', 'loopback addresses'),
  reserve('168.63.129.16', '168.63.129.16', "the Azure platform's own address"),
  reserve('169.254.0.0', '169.254.255.255', 'link-local addresses'),
  reserve('172.16.0.0', '172.31.255.255', 'private IP addresses'),
  reserve('192.0.0.0', '192.0.0.255', 'IETF protocol assignments, RFC 6890'),
  reserve('192.88.99.0', '192.88.99.255', 'former 6to4 relay addresses, RFC 7526'),
  reserve('192.168.0.0', '192.168.255.255', 'private IP addresses'),
  reserve('198.18.0.0', '198.19.255.255', 'benchmarking addresses, RFC 2544'),
  reserve('224.0.0.0', '239.255.255.255', 'multicast addresses'),
  reserve('240.0.0.0', '255.255.255.254', 'addresses reserved for future use, RFC 1112'),
  reserve('255.255.255.255', '255.255.255.255', 'the limited broadcast address'),
];

/** The first reserved range that shares an address with `range`. */
function reservedOverlap(range: Range): ReservedRange | undefined {
  return reservedRanges.find((reserved) => overlaps(range, reserved));
}

function reserve(firstText: string, lastText: string, name: string): ReservedRange {
  const first = parseIpv4(firstText);
  const last = parseIpv4(lastText);
  if (first === undefined || last === undefined) throw new TypeError(`${firstText}-${lastText} is not a range`);
  return { first, last, name };
}

/** One element of `ipRules`, in the form in which the profile returns it. */
function ipRule(profile: RuleProfile): Shape<IpRule, RuleBreach> {
  return object({ value: refine(string, (text) => readValue(text, profile)) });
}

/**
 * The checks are in the order in which a user can act on them: what would be refused even when corrected (a reserved
 * range, a small range with host bits) comes first, so that following the advice never leads to another refusal.
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

/** A virtual network rule as it was requested: not yet bound to a subnet's incarnation. */
export type RequestedVirtualNetworkRule = Omit<VirtualNetworkRule, 'incarnation'>;

/**
 * The ARM id of a subnet, in any case. Names follow Azure's naming rules: a resource group has 1 to 90 characters and
 * does not end in a full stop, a virtual network has 2 to 64, a subnet 1 to 80; both begin with a letter or digit and
 * end with one or an underscore.
 */
const subnetId = new RegExp(
  [
    `^/subscriptions/${guidForm}`,
    '/resourcegroups/[-\\w.()\\p{L}\\p{N}]{0,89}[-\\w()\\p{L}\\p{N}]',
    '/providers/microsoft\\.network',
    '/virtualnetworks/[a-z0-9][a-z0-9_.-]{0,62}[a-z0-9_]',
    '/subnets/[a-z0-9](?:[a-z0-9_.-]{0,78}[a-z0-9_])?$',
  ].join(''),
  'iu',
);

/** One element of `virtualNetworkRules`. It does not matter here whether the subnet exists. */
function virtualNetworkRule({ subnetIds }: RuleProfile): Shape<RequestedVirtualNetworkRule, RuleBreach> {
  return object({
    id: refine(string, (id) => {
      if (!subnetId.test(id)) return breached(id, { kind: 'malformedSubnetId', value: id });
      return accept(subnetIds === 'lowerCase' ? id.toLowerCase() : id);
    }),
    ignoreMissingVnetServiceEndpoint: optional(boolean),
  });
}

/** A valid `networkAcls` whose virtual network rules are not yet bound to their subnets' incarnations. */
export type RequestedNetworkAcls = Omit<NetworkAcls, 'virtualNetworkRules'> & {
  readonly virtualNetworkRules: readonly RequestedVirtualNetworkRule[];
};

type ValidatedNetworkAcls =
  | { readonly ok: true; readonly networkAcls: RequestedNetworkAcls }
  | { readonly ok: false; readonly refusal: RuleRefusal };

/**
 * The values of members that are not given. `bypass` is as Azure's management API documents it. For `defaultAction` it
 * documents none; a vault without `networkAcls` is open to all networks, so one whose `networkAcls` does not say
 * otherwise is too.
 */
const defaults: RequestedNetworkAcls = {
  bypass: 'AzureServices',
  defaultAction: 'Allow',
  ipRules: [],
  virtualNetworkRules: [],
};

/**
 * Checks the untrusted `properties.networkAcls` of a vault and returns it as it is stored and returned to clients. The
 * refusal is the first in document order.
 */
export function validateNetworkAcls(value: unknown, profile: RuleProfile): ValidatedNetworkAcls {
  const read = networkAclsOf(profile)(value);
  return read.ok
    ? { ok: true, networkAcls: read.value }
    : { ok: false, refusal: refusalOf(read.fault, 'properties.networkAcls') };
}

/** The shape of `networkAcls`. Duplicates are kept, as Azure keeps them, and count once against the limits. */
export function networkAclsOf(profile: RuleProfile): Shape<RequestedNetworkAcls, RuleBreach> {
  const { name, ipRulesMax, virtualNetworkRulesMax } = profile;
  const shape = object({
    bypass: optional(choice(['AzureServices', 'None'])),
    defaultAction: optional(choice(['Allow', 'Deny'])),
    ipRules: optional(
      limited(ipRule(profile), {
        most: ipRulesMax,
        same: ({ value }) => value.replace(/\/32$/, ''),
        breach: { kind: 'tooManyIpRules', limit: ipRulesMax, profile: name },
      }),
    ),
    virtualNetworkRules: optional(
      limited(virtualNetworkRule(profile), {
        most: virtualNetworkRulesMax,
        same: ({ id }) => id.toLowerCase(),
        breach: { kind: 'tooManyVirtualNetworkRules', limit: virtualNetworkRulesMax, profile: name },
      }),
    ),
  });
  return refine(shape, (given) => accept({ ...defaults, ...given }));
}

interface Limit<T> {
  readonly most: number;
  /** Rules with the same string count once. */
  readonly same: (rule: T) => string;
  readonly breach: RuleBreach;
}

/** A list with a limit; the first rule beyond it is refused. */
function limited<T>(rule: Shape<T, RuleBreach>, { most, same, breach }: Limit<T>): Shape<readonly T[], RuleBreach> {
  return (value) => {
    const distinct = new Set<string>();
    const counted = (one: T): Read<T, RuleBreach> =>
      distinct.add(same(one)).size > most ? breached(one, breach) : accept(one);
    return array(refine(rule, counted))(value);
  };
}
