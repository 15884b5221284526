import { everyPage } from '../every-page.ts';
import { isRefusal, useLoaded, usePortal } from '../portal.ts';
import type { Services } from '../request.ts';
import { vaultApiVersion } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { networkApiVersion } from './network.ts';
import type { PublicAddresses, VirtualNetwork } from './network.ts';

export interface Networks {
  readonly networks: readonly VirtualNetwork[];
  readonly vaults: readonly Vault[];
  readonly publicAddressesOf: (subnetId: string) => PublicAddresses;
}

/** All networks and vaults that the user may see: the rules of the one name the subnets of the other. */
export function useNetworks() {
  const { services, settings } = usePortal();
  const at = `/subscriptions/${settings.subscriptionId}/providers`;
  return useLoaded(async (signal): Promise<Networks> => {
    const [networks, vaults, publicAddressesOf] = await Promise.all([
      everyPage<VirtualNetwork>(services, `${at}/Microsoft.Network/virtualNetworks?${networkApiVersion}`, signal),
      everyPage<Vault>(services, `${at}/Microsoft.KeyVault/vaults?${vaultApiVersion}`, signal),
      loadPublicAddresses(services, signal),
    ]);
    return { networks, vaults, publicAddressesOf };
  }, at);
}

interface FabricNetworks {
  readonly publicAddressPool: string;
  readonly virtualNetworks: readonly {
    readonly subnets: readonly { readonly id: string; readonly publicAddresses: readonly string[] }[];
  }[];
}

/** The addresses that the fabric is told. A user who may not read them gets the words without them. */
async function loadPublicAddresses(services: Services, signal: AbortSignal): Promise<Networks['publicAddressesOf']> {
  const path = `/providers/Postern.Fabric/networks?${networkApiVersion}`;
  const told = await services.arm<FabricNetworks>(path, { signal }).catch((error: unknown) => {
    if (isRefusal(error, 403)) return undefined;
    throw error;
  });
  const subnets = told?.value.virtualNetworks.flatMap((network) => network.subnets) ?? [];
  const known = new Map(subnets.map(({ id, publicAddresses }) => [id.toLowerCase(), publicAddresses]));
  const pool = told?.value.publicAddressPool;
  return (subnetId) => ({ known: known.get(subnetId.toLowerCase()) ?? [], pool });
}
