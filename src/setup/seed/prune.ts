import { findObject } from '../../directory/objects.ts';
import { deleteObject } from '../../objects/change.ts';
import { objectKeys } from '../../objects/object.ts';
import { vaultId, vaultIndexKey, vaultKey, virtualNetworkId, virtualNetworkKey } from '../../resources/keys.ts';
import { disconnect } from '../../resources/networks/peerings.ts';
import { unlinkSubnets } from '../../resources/networks/subnet-links.ts';
import { deleteNetwork, deleteSubnet } from '../../resources/networks/virtual-networks.ts';
import { deleteVault } from '../../resources/vaults/vaults.ts';
import { find } from '../../seed/references.ts';
import { listRecords, readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Prefix } from '../../store/keys.ts';
import { merge } from '../../store/store.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';
import { removeIdentity } from './identities.ts';
import { wordsOfResource } from './refusal-words.ts';
import { commit, openVault, stateOf } from './secrets.ts';
import { removeUser } from './users.ts';
import { vaultServices } from './vaults.ts';

/**
 * Removes what the seed does not name: vaults and networks of its resource group, subnets of its networks, secrets of its
 * vaults, and the identities and users that a seed made. Vaults and secrets are soft-deleted.
 */
export async function prune(applying: Applying): Promise<void> {
  const { store, seed, place, scope } = applying;
  await pruneVaults(applying);
  for (const record of await all(store, virtualNetworkKey(place))) await pruneNetwork(applying, record);
  const { identities, users } = applying.made;
  for (const identity of identities) {
    if (find(seed.identities, identity.name) === undefined) await removeIdentity(applying, identity);
  }
  for (const id of users) {
    const user = await findObject(store, { tenantId: scope.identity.tenantId, kind: 'user' }, id);
    if (user === undefined || find(seed.users, user.record.userPrincipalName) === undefined)
      await removeUser(applying, id);
  }
}

async function pruneVaults(applying: Applying): Promise<void> {
  const { store, seed, place } = applying;
  const prefix = vaultIndexKey('vault-in', place);
  for (const { key } of await all(store, prefix)) {
    const name = key.slice(prefix.length);
    const [record] = await readRecords(store, { get: [vaultKey(name)] });
    if (record === undefined) continue;
    const named = find(seed.vaults, name);
    if (named === undefined) await pruneVault(applying, record);
    else await pruneSecrets(applying, record, named.secrets);
  }
}

async function pruneVault(applying: Applying, record: Stored<VaultRecord>): Promise<void> {
  const path = ['vaults', record.value.name];
  const deleted = await deleteVault(record, vaultServices(applying));
  if (!deleted.ok) throw new SeedRefused(path, wordsOfResource(deleted.refusal));
  const recorded = { log: 'vault', operationName: 'VaultDelete', resourceId: vaultId(record.value) } as const;
  await applying.commit({ path, done: 'removed' }, deleted.value.change, recorded);
}

/** A certificate's secret goes with its certificate, which a seed does not name. */
async function pruneSecrets(applying: Applying, record: Stored<VaultRecord>, named: Readonly<Record<string, unknown>>) {
  const vault = openVault(record, applying.scope.nowMs);
  const nowSeconds = Math.floor(applying.scope.nowMs / 1000);
  for (const { value } of await all(applying.store, objectKeys(vault.scope, 'secrets').currents())) {
    if (value.current.managed === true || find(named, value.name) !== undefined) continue;
    const path = ['vaults', record.value.name, 'secrets', value.name];
    const state = await stateOf(applying, vault, { name: value.name, path, operation: 'delete' });
    const outcome = deleteObject(vault.scope, state, nowSeconds);
    await commit(applying, vault, { path, done: 'removed', operationName: 'SecretDelete', outcome });
  }
}

async function pruneNetwork(applying: Applying, record: Stored<VirtualNetworkRecord>): Promise<void> {
  const { store, seed, newId } = applying;
  const network = record.value;
  const path = ['networks', network.name];
  const resourceId = virtualNetworkId(network);
  const named = find(seed.networks, network.name);
  if (named === undefined) {
    const gone = taken(deleteNetwork(record), path);
    const change = merge(
      gone,
      await unlinked(applying, network, network.subnets),
      await disconnect(network, network.peerings ?? [], store),
    );
    const recorded = { log: 'activity', action: 'Microsoft.Network/virtualNetworks/delete', resourceId } as const;
    await applying.commit({ path, done: 'removed' }, change, recorded);
    return;
  }
  for (const subnet of network.subnets) {
    if (find(named.subnets, subnet.name) !== undefined) continue;
    const at = [...path, 'subnets', subnet.name];
    const [now = record] = await readRecords(store, { get: [record.key] });
    const change = merge(taken(deleteSubnet(now, subnet.name, newId), at), await unlinked(applying, network, [subnet]));
    const action = 'Microsoft.Network/virtualNetworks/subnets/delete';
    await applying.commit({ path: at, done: 'removed' }, change, {
      log: 'activity',
      action,
      resourceId: `${resourceId}/subnets/${subnet.name}`,
    });
  }
}

async function unlinked({ store }: Applying, network: VirtualNetworkRecord, subnets: VirtualNetworkRecord['subnets']) {
  const gone = await unlinkSubnets(network, subnets, { store, linkedRefusal: () => undefined });
  if (!gone.ok) throw new SeedRefused(['networks', network.name], wordsOfResource(gone.refusal));
  return gone.value.change;
}

function taken(outcome: ReturnType<typeof deleteNetwork>, path: readonly string[]): Transaction {
  if (outcome.ok) return outcome.value;
  throw new SeedRefused(path, wordsOfResource(outcome.refusal));
}

const pageSize = 500;

async function all<T>(store: Store, prefix: Prefix<T>): Promise<readonly Stored<T>[]> {
  const found: Stored<T>[] = [];
  for (let after: string | undefined; ;) {
    const page: readonly Stored<T>[] = await listRecords(store, { prefix, after, limit: pageSize });
    found.push(...page);
    after = page.at(-1)?.key;
    if (after === undefined) return found;
  }
}
