import { networkOf, parseRange, type Range } from '../address/address.ts';
import { instanceMetadata, platformDns, services } from './addresses.ts';

/** An inclusive span of addresses. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

interface Tag {
  readonly addresses: readonly number[];
  /** Whether Azure also has the tag for one region, as `AzureKeyVault.WestEurope`. */
  readonly regional?: true;
}

const { vaults, authority, resourceManager, graph } = services;

/**
 * The service tags that have addresses in a fabric, by their names in lower case. A service of the fabric has the same
 * address for all regions. Graph is under the tag of the directory: its addresses on Azure are among those of that tag.
 * https://learn.microsoft.com/azure/virtual-network/service-tags-overview
 */
const tags: Readonly<Record<string, Tag>> = {
  azurekeyvault: { addresses: [vaults], regional: true },
  azureactivedirectory: { addresses: [authority, graph] },
  azureresourcemanager: { addresses: [resourceManager] },
  azurecloud: { addresses: [vaults, authority, resourceManager, graph], regional: true },
  azureloadbalancer: { addresses: [platformDns] },
  azureplatformdns: { addresses: [platformDns] },
  azureplatformimds: { addresses: [instanceMetadata] },
};

/** The tags that govern the platform's own addresses. No other tag, prefix or `*` does. */
const platformTags: ReadonlySet<string> = new Set(['azureplatformdns', 'azureplatformimds']);

/** The networks that a rule is read for. */
export interface Reach {
  /**
   * The tag `VirtualNetwork`: the network's own space, those of the peers that it gives access to, and the prefixes of the
   * subnet's own routes, also a default route.
   */
  readonly network: readonly Range[];
  /** The spaces that are not `Internet`: the network's own, and those of every peer. */
  readonly notInternet: readonly Range[];
}

const everything: Span = { first: 0, last: 2 ** 32 - 1 };

/** The addresses of `*`. */
export const anywhere: readonly Span[] = [everything];

/**
 * The addresses of a prefix, an address, `*` or a tag. A tag that has no address here, or a prefix of IPv6, has none.
 * `undefined`: it is nothing of that kind, or the form for one region of a tag that has none.
 */
export function spansOf(prefix: string, reach: Reach): readonly Span[] | undefined {
  if (prefix === '*' || prefix.toLowerCase() === 'any') return anywhere;
  const [address = '', bits = '32', ...more] = prefix.split('/');
  const read = parseRange(address);
  if (read.ok && more.length === 0 && /^(?:[12]?\d|3[0-2])$/.test(bits)) {
    // Azure takes 10.0.0.7/24 for 10.0.0.0/24.
    return [networkOf(read.range.first, Number(bits))];
  }
  if (/^[\da-f:.]*:[\da-f:.]*(?:\/\d{1,3})?$/i.test(prefix)) return [];
  return /^[a-z][a-z0-9]*(?:\.[a-z0-9]+)*$/i.test(prefix) ? spansOfTag(prefix.toLowerCase(), reach) : undefined;
}

function spansOfTag(tag: string, { network, notInternet }: Reach): readonly Span[] | undefined {
  const [service = '', ...region] = tag.split('.');
  const isRegional = region.length > 0;
  if (service === 'virtualnetwork') return isRegional ? undefined : network;
  if (service === 'internet') return isRegional ? undefined : complement(notInternet);
  const found = Object.hasOwn(tags, service) ? tags[service] : undefined;
  if (found === undefined) return [];
  if (isRegional && (found.regional !== true || region.length > 1)) return undefined;
  return spansAt(found.addresses);
}

/** The platform's addresses: all are denied where a rule that denies them cannot be read. */
export const everyPlatformAddress: readonly Span[] = spansAt([platformDns, instanceMetadata]);

/**
 * The platform's addresses that a prefix governs: those of a tag that names them, and of nothing else. `undefined`: it is
 * the form for one region of such a tag, which has none.
 */
export function platformSpansOf(prefix: string): readonly Span[] | undefined {
  const tag = prefix.toLowerCase();
  const [service = ''] = tag.split('.');
  return platformTags.has(service) ? spansOfTag(tag, { network: [], notInternet: [] }) : [];
}

function spansAt(addresses: readonly number[]): readonly Span[] {
  return addresses.map((each) => ({ first: each, last: each }));
}

/** The same addresses as the fewest spans, in order. */
export function merged(spans: readonly Span[]): readonly Span[] {
  const joined: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.first - other.first)) {
    const last = joined.at(-1);
    if (last === undefined || span.first > last.last + 1) joined.push({ first: span.first, last: span.last });
    else joined[joined.length - 1] = { first: last.first, last: Math.max(last.last, span.last) };
  }
  return joined;
}

/** All other addresses. */
function complement(spans: readonly Span[]): readonly Span[] {
  const gaps: Span[] = [];
  let next = everything.first;
  for (const { first, last } of merged(spans)) {
    if (first > next) gaps.push({ first: next, last: first - 1 });
    next = last + 1;
  }
  return next > everything.last ? gaps : [...gaps, { first: next, last: everything.last }];
}
