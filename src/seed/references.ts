import { contains, overlaps, parseRange } from '../address/address.ts';
import type { Range } from '../address/address.ts';
import type { RuleBreach } from '../firewall/refusal.ts';
import { validateNetworkAcls } from '../firewall/validate.ts';
import { isGuid } from '../shape/shape.ts';
import type { Path } from '../shape/fault.ts';
import type { RuleProfile } from '../types/firewall.ts';
import type { Seed, SeedNetwork, SeedVault } from './seed-file.ts';

/** A part of the seed that does not fit the rest: where it is, and the rule. */
export interface Misfit {
  readonly path: Path;
  readonly breach: string | RuleBreach;
}

/** The principals that every server has, or may have: its administrator, and the identity of `postern run`. */
const ownPrincipals = ['administrator', 'developer'] as const;

/** The server's own identities, which a seed cannot make. */
const reserved = new Set<string>([...ownPrincipals, 'fabric']);

type Checks = Readonly<Record<string, (seed: Seed, profile: RuleProfile) => Iterable<Misfit>>>;

const checks: Checks = { networks: ofNetworks, identities: ofIdentities, users: ofUsers, vaults: ofVaults };

/** The first part of the seed, in its order, that does not fit the rest. */
export function misfit(seed: Seed, profile: RuleProfile): Misfit | undefined {
  for (const section of Object.keys(seed)) {
    for (const found of checks[section]?.(seed, profile) ?? []) return found;
  }
  return undefined;
}

/** Each subnet is compared with each of these. Azure's own limit is 3,000 subnets. */
const networkMost = { addressPrefixes: 1000, subnets: 3000 } as const;

function* ofNetworks({ networks }: Seed): Iterable<Misfit> {
  for (const [name, network] of Object.entries(networks)) {
    for (const member of ['addressPrefixes', 'subnets'] as const) {
      const [count, most] = [Object.keys(network[member]).length, networkMost[member]];
      if (count > most) {
        yield { path: ['networks', name, member], breach: `there are ${count} of them; at most ${most} are allowed` };
      }
    }
    for (const [subnet, breach] of misplaced(network)) {
      yield { path: ['networks', name, 'subnets', subnet, 'addressPrefix'], breach };
    }
  }
}

function* misplaced({ addressPrefixes, subnets }: SeedNetwork): Iterable<readonly [string, string]> {
  const space = addressPrefixes.map(rangeOf);
  const placed: { readonly name: string; readonly range: Range }[] = [];
  for (const [name, { addressPrefix }] of Object.entries(subnets)) {
    const range = rangeOf(addressPrefix);
    const other = placed.find((before) => overlaps(before.range, range));
    if (!space.some((outer) => contains(outer, range))) {
      const known = addressPrefixes.join(', ');
      yield [
        name,
        `${addressPrefix} is outside of the network's addressPrefixes (${known}): add its range to them, or choose another`,
      ];
    }
    if (other !== undefined) {
      yield [name, `${addressPrefix} overlaps the subnet '${other.name}': choose a range of its own`];
    }
    placed.push({ name, range });
  }
}

function* ofIdentities({ identities }: Seed): Iterable<Misfit> {
  const ids = new Map<string, string>();
  for (const [name, identity] of Object.entries(identities)) {
    if (reserved.has(name.toLowerCase())) {
      yield { path: ['identities', name], breach: 'the server has an identity of that name itself: choose another' };
    }
    if (isGuid(name))
      yield { path: ['identities', name], breach: 'a GUID is the object id of something: choose a name' };
    for (const member of ['clientId', 'objectId'] as const) {
      const twice = noted(ids, identity[member], name);
      if (twice !== undefined) yield { path: ['identities', name, member], breach: twice };
    }
  }
}

function* ofUsers({ users }: Seed): Iterable<Misfit> {
  const ids = new Map<string, string>();
  for (const [name, { objectId }] of Object.entries(users)) {
    const twice = noted(ids, objectId, name);
    if (twice !== undefined) yield { path: ['users', name, 'objectId'], breach: twice };
  }
}

function noted(ids: Map<string, string>, id: string | undefined, name: string): string | undefined {
  const other = id === undefined ? undefined : ids.get(id);
  if (id !== undefined) ids.set(id, name);
  return other === undefined ? undefined : `'${other}' has the id ${String(id)} already: give each its own`;
}

function* ofVaults(seed: Seed, profile: RuleProfile): Iterable<Misfit> {
  for (const [name, vault] of Object.entries(seed.vaults)) {
    // In the order of the file, as for the sections.
    for (const member of Object.keys(vault)) {
      if (member === 'rules') yield* ofRules(name, vault, { seed, profile });
      if (member === 'access') yield* ofAccess(name, vault, seed);
    }
  }
}

interface Judging {
  readonly seed: Seed;
  readonly profile: RuleProfile;
}

function* ofRules(name: string, { rules }: SeedVault, { seed, profile }: Judging): Iterable<Misfit> {
  const entries = rules?.virtualNetworkRules ?? [];
  for (const [index, entry] of entries.entries()) {
    const path = ['vaults', name, 'rules', 'virtualNetworkRules', index];
    const breach = entry.startsWith('/') ? malformed(entry, profile) : unknownSubnet(entry, seed);
    if (breach !== undefined) yield { path, breach };
  }
  const most = profile.virtualNetworkRulesMax;
  if (new Set(entries.map((entry) => entry.toLowerCase())).size > most) {
    const breach = { kind: 'tooManyVirtualNetworkRules', limit: most, profile: profile.name } as const;
    yield { path: ['vaults', name, 'rules', 'virtualNetworkRules', most], breach };
  }
}

function malformed(id: string, profile: RuleProfile): RuleBreach | undefined {
  const judged = validateNetworkAcls({ virtualNetworkRules: [{ id }] }, { ...profile, virtualNetworkRulesMax: 1 });
  return judged.ok ? undefined : { kind: 'malformedSubnetId', value: id };
}

function unknownSubnet(entry: string, { networks }: Seed): string | undefined {
  const [network = '', subnet, ...more] = entry.split('/');
  if (subnet === undefined || more.length > 0) {
    return `'${entry}' must be NETWORK/SUBNET, or the resource id of a subnet (/subscriptions/…)`;
  }
  const known = find(networks, network);
  if (known === undefined)
    return `there is no network '${network}' in this file; ${listed('its networks are', networks)}`;
  const found = find(known.subnets, subnet);
  if (found === undefined) {
    return `there is no subnet '${subnet}' in the network '${network}'; ${listed('its subnets are', known.subnets)}`;
  }
  if (found.serviceEndpoint) return undefined;
  return `the subnet '${entry}' has no service endpoint for Microsoft.KeyVault, which a rule needs: leave its serviceEndpoint out, or set it to true`;
}

function* ofAccess(name: string, { access }: SeedVault, { identities, users }: Seed): Iterable<Misfit> {
  for (const principal of Object.keys(access ?? {})) {
    const isKnown =
      isGuid(principal) ||
      isOwn(principal) ||
      find(identities, principal) !== undefined ||
      find(users, principal) !== undefined ||
      // The portal's user, and those of the configuration: the directory knows them.
      principal.includes('@');
    if (isKnown) continue;
    const known = shortened([...ownPrincipals, ...Object.keys(identities), ...Object.keys(users)]);
    const breach = `there is no principal '${principal}'; name one of ${known}, or give an object id`;
    yield { path: ['vaults', name, 'access', principal], breach };
  }
}

function isOwn(principal: string): boolean {
  return ownPrincipals.some((own) => own === principal.toLowerCase());
}

/** The names of an object in lower case: a seed asks for as many as it has, and none of its objects changes. */
const lowered = new WeakMap<object, ReadonlyMap<string, string>>();

/** The member of that name, in any case. */
export function find<T>(all: Readonly<Record<string, T>>, name: string): T | undefined {
  const names = lowered.get(all) ?? new Map(Object.keys(all).map((known) => [known.toLowerCase(), known]));
  lowered.set(all, names);
  const known = names.get(name.toLowerCase());
  return known === undefined ? undefined : all[known];
}

function listed(what: string, all: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(all);
  return names.length === 0 ? 'it has none: add it' : `${what} ${shortened(names)}`;
}

/** A message shows a few. */
function shortened(names: readonly string[]): string {
  const most = 20;
  return names.length > most ? `${names.slice(0, most).join(', ')}, …` : names.join(', ');
}

/** Only for ranges that the shape accepted. */
function rangeOf(prefix: string): Range {
  const parsed = parseRange(prefix);
  if (!parsed.ok) throw new Error(`the range ${prefix} was accepted and cannot be read`);
  return parsed.range;
}
