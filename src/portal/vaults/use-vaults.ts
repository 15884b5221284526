import { usePortal } from '../portal.ts';
import { usePages } from '../use-pages.ts';
import { vaultApiVersion } from './vault.ts';
import type { Vault } from './vault.ts';

/** How many vaults the first page has: few, so that rows are there at once. The others are as large as the server gives. */
const firstRows = 100;

/** All vaults that the user may read, from the resource manager, which answers from any network. */
export function useVaults() {
  const { subscriptionId } = usePortal().settings;
  const first = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/vaults?${vaultApiVersion}`;
  return usePages<Vault>({ first, of: 'arm', firstRows });
}
