import { inSubscription, vaultKey } from '../../resources/keys.ts';
import { purgeVault } from '../../resources/vaults/purge.ts';
import { isVaultName } from '../../resources/vaults/vaults.ts';
import { readRecords } from '../../store/records.ts';
import { listAnswer } from '../list.ts';
import { answer, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { deletedVaultResource, vaultsOfIndex } from './resource.ts';
import { nameInUse } from './errors.ts';
import { nameCheck } from '../name-availability.ts';

const deletedVaultPath =
  '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/locations/:location/deletedVaults/:vault';

const listDeletedVaults: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/deletedVaults',
  action: 'Microsoft.KeyVault/deletedVaults/read',
  audit: 'VaultListDeleted',
  run: (call) =>
    listAnswer(call, {
      prefix: inSubscription('deleted-vault-in', call.subscription.subscriptionId),
      render: async (records) => (await vaultsOfIndex(call, records)).map(deletedVaultResource),
    }),
};

const getDeletedVault: ControlOperation = {
  method: 'GET',
  path: deletedVaultPath,
  action: 'Microsoft.KeyVault/locations/deletedVaults/read',
  audit: 'VaultGetDeleted',
  async run(call) {
    const { vault } = await readDeletedOf(call);
    return answer(200, deletedVaultResource(vault));
  },
};

/**
 * POST …/purge: the vault's name is free at once; its contents are destroyed after the answer, which is 202 with
 * `Location`.
 */
const purgeDeletedVault: ControlOperation = {
  method: 'POST',
  path: `${deletedVaultPath}/purge`,
  action: 'Microsoft.KeyVault/locations/deletedVaults/purge/action',
  audit: 'VaultPurge',
  async run(call) {
    const { record, vault } = await readDeletedOf(call);
    if (vault.properties.enablePurgeProtection === true) {
      return refuse({ kind: 'purgeProtected', name: vault.name });
    }
    const { location } = vault;
    return {
      ...answer(202),
      change: purgeVault(record, vault, call.nowMs),
      accepted: {
        kind: 'purgeVault',
        resourceId: call.path,
        statusPath: (id) =>
          `/subscriptions/${call.subscription.subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/operationResults/${id}`,
        header: 'location',
      },
    };
  },
};

/**
 * The soft-deleted vault of the path and its record.
 * @throws {Refused} if it does not exist
 */
async function readDeletedOf(call: ControlCall) {
  const name = call.params['vault'] ?? '';
  const location = call.params['location'] ?? '';
  const [record] = isVaultName(name) ? await readRecords(call.store, { get: [vaultKey(name)] }) : [];
  const vault = record?.value;
  const { subscriptionId } = call.subscription;
  if (
    record === undefined ||
    vault?.deleted === undefined ||
    vault.subscriptionId !== subscriptionId ||
    vault.location.toLowerCase() !== location.toLowerCase()
  ) {
    return refuse({ kind: 'deletedVaultNotFound', name, location });
  }
  return { record, vault };
}

const checkNameAvailability = nameCheck({
  path: '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/checkNameAvailability',
  action: 'Microsoft.KeyVault/checkNameAvailability/read',
  isName: isVaultName,
  keyOf: vaultKey,
  invalid: (name) => `The vault name '${name}' is invalid.`,
  taken: nameInUse,
});

/** Every operation on soft-deleted vaults, and the check of names, which such vaults still hold. */
export const deletedVaultOperations: readonly ControlOperation[] = [
  listDeletedVaults,
  getDeletedVault,
  purgeDeletedVault,
  checkNameAvailability,
];
