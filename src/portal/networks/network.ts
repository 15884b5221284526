import { parseAddress } from '../../address/address.ts';
import { accessOf, isIn } from '../../insight/access-set.ts';
import type { Source } from '../../types/source.ts';
import { boundaryOf, settingsOf } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';

export const networkApiVersion = 'api-version=2024-05-01';

const keyVaultService = 'Microsoft.KeyVault';

interface ServiceEndpoint {
  readonly service: string;
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly etag?: string;
  readonly properties: {
    readonly addressPrefix: string;
    readonly serviceEndpoints?: readonly ServiceEndpoint[];
    readonly natGateway?: { readonly id: string };
  };
}

/** A virtual network, as the resource manager answers it. */
export interface VirtualNetwork {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly properties: {
    readonly addressSpace: { readonly addressPrefixes: readonly string[] };
    readonly subnets: readonly Subnet[];
    readonly virtualNetworkPeerings?: readonly {
      readonly name: string;
      readonly properties: { readonly remoteVirtualNetwork: { readonly id: string }; readonly peeringState: string };
    }[];
  };
}

export function hasEndpoint({ properties }: Pick<Subnet, 'properties'>): boolean {
  return properties.serviceEndpoints?.some(isKeyVault) ?? false;
}

function isKeyVault({ service }: ServiceEndpoint): boolean {
  return service.toLowerCase() === keyVaultService.toLowerCase();
}

/** The body of a PUT of the subnet with the endpoint on or off. What the server states by itself is left out. */
export function withEndpoint({ properties }: Pick<Subnet, 'properties'>, on: boolean): object {
  const { serviceEndpoints = [], ...rest } = properties;
  const others = serviceEndpoints.filter((endpoint) => !isKeyVault(endpoint));
  const endpoints = on ? [...others, { service: keyVaultService }] : others;
  const sent = Object.entries(rest).filter(([name]) => name !== 'provisioningState' && name !== 'privateEndpoints');
  return { properties: { ...Object.fromEntries(sent), serviceEndpoints: endpoints } };
}

/** The vaults that have a rule for the subnet. */
export function vaultsNaming(vaults: readonly Vault[], subnetId: string): readonly Vault[] {
  const id = subnetId.toLowerCase();
  return vaults.filter(({ properties }) =>
    properties.networkAcls?.virtualNetworkRules.some((rule) => rule.id.toLowerCase() === id),
  );
}

/** The public address of a subnet, as far as the server says it. */
export interface PublicAddresses {
  /** Of its NAT gateway. Without one the fabric takes any of the pool. */
  readonly known: readonly string[];
  readonly pool: string | undefined;
}

export function publicAddressText({ known, pool }: PublicAddresses): string {
  if (known.length > 0) return known.join(', ');
  return pool === undefined ? 'its public (NAT) address' : `a public address of ${pool}`;
}

/** The vaults that a switch of the endpoint matters to. */
export interface SwitchEffect {
  /** Let the subnet in now, and do not afterwards. */
  readonly lose: readonly string[];
  readonly gain: readonly string[];
  /** Have a rule for the subnet, which matches only while the endpoint is on. */
  readonly naming: readonly string[];
}

/**
 * The effect of a switch of the endpoint on the vaults. Off, a vault sees the public address; where that is not known, no
 * vault is counted as letting it in.
 */
export function switchEffect(
  subnet: Pick<Subnet, 'id'>,
  {
    turnedOn,
    vaults,
    known,
  }: { readonly turnedOn: boolean; readonly vaults: readonly Vault[]; readonly known: readonly string[] },
): SwitchEffect {
  const naming = new Set(vaultsNaming(vaults, subnet.id).map(({ name }) => name));
  const lose: string[] = [];
  const gain: string[] = [];
  for (const vault of vaults) {
    if (boundaryOf(vault) !== 'rules') continue;
    const byRule = naming.has(vault.name);
    const byAddress = known.length > 0 && known.every((address) => letsAddressIn(vault, address));
    if (byRule === byAddress) continue;
    (byRule === turnedOn ? gain : lose).push(vault.name);
  }
  return { lose, gain, naming: [...naming] };
}

function letsAddressIn(vault: Vault, text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const source: Source = { kind: 'public', address };
  return isIn(accessOf(settingsOf(vault)).network, source);
}

/** The network and its path in the portal, of its ARM id. */
export function networkSegments(id: string): readonly string[] {
  const segments = id.split('/');
  return ['networks', segments[4] ?? '', segments[8] ?? ''];
}
