import type { CompileOptions } from '../firewall/compile.ts';
import { documentedTrust } from '../firewall/trust.ts';
import { reservedRanges } from '../firewall/validate.ts';
import type { ReservedRange } from '../firewall/validate.ts';
import type { Caller } from '../types/caller.ts';
import type { FirewallSettings, NetworkAcls } from '../types/firewall.ts';
import type { Operation } from '../types/operation.ts';
import type { Source } from '../types/source.ts';
import { accessOf, letsIn } from './access-set.ts';
import { changeOf } from './diff.ts';
import type { Difference } from './diff.ts';
import { count, everyAddress } from './spans.ts';

/** One change of a vault's network settings. */
export type Edit =
  | { readonly kind: 'addIpRule'; readonly value: string }
  | { readonly kind: 'addSubnetRule'; readonly subnet: string; readonly incarnation: string }
  /** The rule names the subnet, but was made for an earlier subnet of that name. */
  | { readonly kind: 'renewSubnetRule'; readonly subnet: string; readonly incarnation: string }
  | { readonly kind: 'trustServices' }
  | { readonly kind: 'denyByDefault' }
  | { readonly kind: 'enablePublicAccess' };

/** Edits, in the order in which they are to be made, that let a request in, and whom else they let in. */
export interface Fix {
  readonly edits: readonly Edit[];
  readonly settings: FirewallSettings;
  readonly gains: Difference;
}

/** A request, as the firewall looks at it. */
export interface Request {
  readonly source: Source;
  readonly caller: Caller | undefined;
  readonly operation: Operation;
}

/**
 * The changes of the rules that let a refused request in, the one that lets in the least first. Minimal by the access that
 * it gives, and not by how little is typed: a fix that opens the vault to all networks is not one. Empty where no rule can
 * help, or where the request is let in as it is.
 */
export function fixesFor(settings: FirewallSettings, request: Request, options: CompileOptions = {}): readonly Fix[] {
  const before = accessOf(settings, options);
  if (letsIn(before, request)) return [];
  const found = subsetsOf(editsFor(settings, request, options)).flatMap((edits) => {
    const after = edits.reduce((given, edit) => edited(given, edit), settings);
    const access = accessOf(after, options);
    if (!letsIn(access, request)) return [];
    const { gains } = changeOf(before, access);
    return isEverybody(gains) ? [] : [{ edits, settings: after, gains }];
  });
  const cheapest = found.toSorted(byPrice);
  return cheapest.filter((fix, index) => !cheapest.slice(0, index).some((other) => isPartOf(other.edits, fix.edits)));
}

/** The edits that can be of any use, in the order in which they are safe: the door is opened last. */
function editsFor(
  { publicNetworkAccess, networkAcls }: FirewallSettings,
  { source, caller, operation }: Request,
  { trust = documentedTrust }: CompileOptions,
): readonly Edit[] {
  const edits: Edit[] = [];
  if (source.kind === 'unknown') return edits;
  if (source.kind === 'subnet') {
    const { subnet, incarnation } = source;
    const named = networkAcls?.virtualNetworkRules.some(({ id }) => id.toLowerCase() === subnet) ?? false;
    edits.push({ kind: named ? 'renewSubnetRule' : 'addSubnetRule', subnet, incarnation });
  } else if (source.address.family === 4 && reservedRange(source.address.value) === undefined) {
    edits.push({ kind: 'addIpRule', value: source.address.text });
  }
  const isTrusted = caller !== undefined && trust.of(caller, operation) !== undefined;
  if (isTrusted && networkAcls?.bypass === 'None') edits.push({ kind: 'trustServices' });
  if (networkAcls?.defaultAction !== 'Deny') edits.push({ kind: 'denyByDefault' });
  if (publicNetworkAccess.toLowerCase() === 'disabled') edits.push({ kind: 'enablePublicAccess' });
  return edits;
}

function reservedRange(address: number): ReservedRange | undefined {
  return reservedRanges.find(({ first, last }) => first <= address && address <= last);
}

/** The reason why no rule can name a source, and what can be done instead. `undefined`: a rule can. */
export function unnamable(source: Source): string | undefined {
  if (source.kind !== 'public') return undefined;
  if (source.address.family === 6) {
    return 'No rule can name an IPv6 address: let the caller come over IPv4, or over the service endpoint of its subnet.';
  }
  const reserved = reservedRange(source.address.value);
  return reserved === undefined
    ? undefined
    : `No IP rule can name ${source.address.text} (${reserved.name}): name the public address that the caller comes from, or its subnet.`;
}

function subsetsOf(edits: readonly Edit[]): readonly (readonly Edit[])[] {
  return Array.from({ length: 2 ** edits.length - 1 }, (_, index) =>
    edits.filter((_edit, bit) => ((index + 1) >>> bit) & 1),
  );
}

const openAcls: NetworkAcls = {
  bypass: 'AzureServices',
  defaultAction: 'Allow',
  ipRules: [],
  virtualNetworkRules: [],
};

type Changed = (settings: FirewallSettings, acls: NetworkAcls) => FirewallSettings;

/** An edit's effect on the settings, and the commands of `az keyvault` that have it. */
interface EditKind<Of extends Edit> {
  readonly apply: (edit: Of) => Changed;
  readonly commands: (edit: Of) => readonly string[];
}

const withSubnet: EditKind<Extract<Edit, { readonly subnet: string }>>['apply'] = ({ subnet: id, incarnation }) => {
  return (settings, acls) => {
    const others = acls.virtualNetworkRules.filter((rule) => rule.id.toLowerCase() !== id);
    return { ...settings, networkAcls: { ...acls, virtualNetworkRules: [...others, { id, incarnation }] } };
  };
};

const withAcls = (changed: Partial<NetworkAcls>): Changed => {
  return (settings, acls) => ({ ...settings, networkAcls: { ...acls, ...changed } });
};

const editKinds: { readonly [Kind in Edit['kind']]: EditKind<Edit & { readonly kind: Kind }> } = {
  addIpRule: {
    apply: ({ value }) => {
      return (settings, acls) => ({ ...settings, networkAcls: { ...acls, ipRules: [...acls.ipRules, { value }] } });
    },
    commands: ({ value }) => [`network-rule add --ip-address ${value}`],
  },
  addSubnetRule: { apply: withSubnet, commands: ({ subnet }) => [`network-rule add --subnet ${subnet}`] },
  renewSubnetRule: {
    apply: withSubnet,
    commands: ({ subnet }) => [`network-rule remove --subnet ${subnet}`, `network-rule add --subnet ${subnet}`],
  },
  trustServices: {
    apply: () => withAcls({ bypass: 'AzureServices' }),
    commands: () => ['update --bypass AzureServices'],
  },
  denyByDefault: {
    apply: () => withAcls({ defaultAction: 'Deny' }),
    commands: () => ['update --default-action Deny'],
  },
  enablePublicAccess: {
    apply: () => (settings) => ({ ...settings, publicNetworkAccess: 'Enabled' }),
    commands: () => ['update --public-network-access Enabled'],
  },
};

function kindOf<Kind extends Edit['kind']>(
  edit: Edit & { readonly kind: Kind },
): EditKind<Edit & { readonly kind: Kind }> {
  return editKinds[edit.kind];
}

/** The settings after an edit. */
function edited(settings: FirewallSettings, edit: Edit): FirewallSettings {
  return kindOf(edit).apply(edit)(settings, settings.networkAcls ?? openAcls);
}

/** More than half of all addresses. */
function isEverybody({ network }: Difference): boolean {
  return network.ipv6 || network.subnets.kind === 'allBut' || count(network.ipv4) > count(everyAddress) / 2;
}

/** Services from everywhere are dearer than subnets, and subnets than addresses. */
function byPrice(one: Fix, other: Fix): number {
  const [first, second] = [priceOf(one), priceOf(other)];
  const index = first.findIndex((part, at) => part !== second[at]);
  return (first[index] ?? 0) - (second[index] ?? 0);
}

function priceOf({ gains: { network, services }, edits }: Fix): readonly number[] {
  return [services.length, network.subnets.incarnations.size, count(network.ipv4), edits.length];
}

function isPartOf(some: readonly Edit[], all: readonly Edit[]): boolean {
  return some.length < all.length && some.every((edit) => all.includes(edit));
}

/** The Azure CLI's commands for a fix. */
export function azureCliLines({ edits }: Fix, vault: string): readonly string[] {
  return edits
    .flatMap((edit) => kindOf(edit).commands(edit))
    .map((command) => `az keyvault ${command} --name ${vault}`);
}
