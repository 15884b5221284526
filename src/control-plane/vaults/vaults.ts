import {
  answer,
  badRequest,
  checkConditions,
  locationMissing,
  orRefuse,
  readLocation,
  refuse,
  tagsOf,
} from '../operation.ts';
import type { ControlCall, ControlOperation, ControlServices, RecordedAs } from '../operation.ts';
import {
  findVault,
  readVaultOf,
  vaultPath,
  vaultAnswer,
  vaultResource,
  vaultsOfIndex,
  vaultsPath,
  vaultEtag,
  vaultServices,
} from './resource.ts';
import { inSubscription, vaultIndexKey } from '../../resources/keys.ts';
import type { Prefix } from '../../store/keys.ts';
import { listAnswer } from '../list.ts';
import { placeOf, readGroup } from '../resource-groups/resource-groups.ts';
import { membersOf } from '../../resources/refusal.ts';
import { putVault, patchVault, deleteVault as softDelete } from '../../resources/vaults/vaults.ts';
import type { Requirement } from '../../store/store.ts';
import type { VaultRecord } from '../../types/vault.ts';
import type { NetworkAcls, VirtualNetworkRule } from '../../types/firewall.ts';
import { accessPolicyUpdates, readAccessPolicies } from '../../resources/vaults/vault-properties.ts';

const readAction = 'Microsoft.KeyVault/vaults/read';

const getVault: ControlOperation = {
  method: 'GET',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultGet',
  async run(call) {
    const { vault } = await readVaultOf(call);
    return vaultAnswer(200, vault, call);
  },
};

const listVaultsByResourceGroup: ControlOperation = {
  method: 'GET',
  path: vaultsPath,
  action: readAction,
  shows: 'visible',
  audit: 'VaultList',
  async run(call) {
    await readGroup(call);
    return listUnder(call, vaultIndexKey('vault-in', placeOf(call)));
  },
};

const listVaultsBySubscription: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/vaults',
  action: readAction,
  shows: 'visible',
  audit: 'VaultList',
  run: (call) => listUnder(call, inSubscription('vault-in', call.subscription.subscriptionId)),
};

function listUnder(call: ControlCall, prefix: Prefix<null>) {
  return listAnswer(call, {
    prefix,
    visibleBy: readAction,
    render: async (records) => (await vaultsOfIndex(call, records)).map((vault) => vaultResource(vault, call)),
  });
}

/**
 * From this api-version on, a new vault uses role assignments for its data plane unless the request says otherwise
 * (access-control-default.md).
 */
const rbacByDefaultFrom = '2026-02-01';

/** PUT of a vault: 200 also for a new one (recorded answers). */
const createOrUpdateVault: ControlOperation = {
  method: 'PUT',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPut',
  async run(call, services) {
    const { createMode } = membersOf(call.body['properties']);
    const isRecovery = typeof createMode === 'string' && createMode.toLowerCase() === 'recover';
    const recordedAs = isRecovery ? { operationName: 'VaultRecover' } : undefined;
    const location = readLocation(call.body) ?? refuse(locationMissing, recordedAs);
    const conditions = await conditionsOf(call, recordedAs);
    const put = await putVault(
      {
        ...placeOf(call),
        name: call.params['vault'] ?? '',
        location,
        tags: tagsOf(call.body),
        properties: call.body['properties'],
        rbacByDefault: call.apiVersion >= rbacByDefaultFrom,
      },
      vaultServices(call, services),
    );
    const { vault, created, change } = orRefuse(put, recordedAs);
    const require = [...(change.require ?? []), ...conditions];
    return {
      ...(created ? newVaultAnswer(vault, call, services) : vaultAnswer(200, vault, call)),
      change: { ...change, require },
      recordedAs,
    };
  },
};

/**
 * The requirement that keeps the vault in the state that meets the request's conditions. Without conditions the last
 * writer wins, as on Azure: the server cannot know which state a client has read.
 * @throws {Refused} if the conditions are not met
 */
async function conditionsOf(call: ControlCall, recordedAs: RecordedAs | undefined): Promise<readonly Requirement[]> {
  if (call.conditions.ifMatch === undefined && call.conditions.ifNoneMatch === undefined) return [];
  const record = await findVault(call);
  checkConditions(call, record && vaultEtag(record.value), recordedAs);
  return record === undefined ? [] : [{ key: record.key, version: record.version }];
}

function newVaultAnswer(vault: VaultRecord, call: ControlCall, { azureNormalization }: ControlServices) {
  const made = vaultAnswer(200, vault, call);
  if (!azureNormalization) return made;
  const { body } = made.answer;
  return { answer: { ...made.answer, body: { ...body, properties: normalizeNewVault(body.properties) } } };
}

type ShownAcls = Omit<NetworkAcls, 'virtualNetworkRules'> & {
  readonly virtualNetworkRules: readonly Omit<VirtualNetworkRule, 'incarnation'>[];
};

interface Shown {
  readonly networkAcls?: ShownAcls;
  readonly vaultUri: string;
}

/**
 * The properties of a new vault as Azure returns them in the answer to the PUT (recorded answers): an ACL that allows
 * everything is left out, the DNS name is still being registered, and the URL has no final slash. The rule profile
 * normalizes addresses and ids.
 */
function normalizeNewVault<T extends Shown & { readonly provisioningState: string }>(properties: T) {
  const { networkAcls, ...others } = properties;
  const isOpen =
    networkAcls?.bypass === 'AzureServices' &&
    networkAcls.defaultAction === 'Allow' &&
    networkAcls.ipRules.length === 0 &&
    networkAcls.virtualNetworkRules.length === 0;
  return {
    ...others,
    ...(networkAcls !== undefined && !isOpen && { networkAcls }),
    vaultUri: properties.vaultUri.replace(/\/$/, ''),
    provisioningState: 'RegisteringDns',
  };
}

/** PATCH of a vault: each given property replaces the old one; `networkAcls` is one property. */
const updateVault: ControlOperation = {
  method: 'PATCH',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPatch',
  async run(call, services) {
    const { record, vault: before } = await readVaultOf(call);
    checkConditions(call, vaultEtag(before));
    const tags = call.body['tags'] === undefined ? {} : { tags: tagsOf(call.body) };
    const patched = await patchVault(
      { record, properties: call.body['properties'], ...tags },
      vaultServices(call, services),
    );
    const { vault, change } = orRefuse(patched);
    return { ...vaultAnswer(200, vault, call), change };
  },
};

/** PUT …/accessPolicies/{add | replace | remove} */
const updateAccessPolicy: ControlOperation = {
  method: 'PUT',
  path: `${vaultPath}/accessPolicies/:operationKind`,
  action: 'Microsoft.KeyVault/vaults/accessPolicies/write',
  orAction: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPatch',
  async run(call, services) {
    const { record, vault } = await readVaultOf(call);
    const kind = call.params['operationKind'] ?? '';
    const update = accessPolicyUpdates.get(kind.toLowerCase());
    if (update === undefined) {
      const message = `'${kind}' is not an update of access policies; use ${[...accessPolicyUpdates.keys()].join(', ')}.`;
      return badRequest(message);
    }
    checkConditions(call, vaultEtag(vault));
    const properties: unknown = call.body['properties'];
    const named: unknown =
      typeof properties === 'object' && properties !== null && 'accessPolicies' in properties
        ? properties.accessPolicies
        : undefined;
    const policies = orRefuse(readAccessPolicies(named, vault.properties.tenantId));
    const accessPolicies = update(vault.properties.accessPolicies, policies);
    const patched = await patchVault({ record, properties: { accessPolicies } }, vaultServices(call, services));
    const body = {
      id: `${call.path}/`,
      type: 'Microsoft.KeyVault/vaults/accessPolicies',
      location: vault.location,
      properties: { accessPolicies },
    };
    return { ...answer(200, body), change: orRefuse(patched).change };
  },
};

/** DELETE of a vault soft-deletes it; 204 if it does not exist. */
const deleteVault: ControlOperation = {
  method: 'DELETE',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/delete',
  audit: 'VaultDelete',
  async run(call, services) {
    const record = await findVault(call);
    if (record === undefined) return answer(204);
    checkConditions(call, vaultEtag(record.value));
    const { change } = orRefuse(await softDelete(record, vaultServices(call, services)));
    return { ...answer(200), change };
  },
};

/** Every operation on vaults. */
export const vaultOperations: readonly ControlOperation[] = [
  createOrUpdateVault,
  updateVault,
  getVault,
  deleteVault,
  listVaultsByResourceGroup,
  listVaultsBySubscription,
  updateAccessPolicy,
];
