import { answer, badRequest, ifMatchRefusal, locationMissing, readLocation, refuse, tagsOf } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome, ControlServices } from '../operation.ts';
import {
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
    const found = await readVaultOf(call);
    return found.ok ? vaultAnswer(200, found.vault, call) : found;
  },
};

const listVaultsByResourceGroup: ControlOperation = {
  method: 'GET',
  path: vaultsPath,
  action: readAction,
  shows: 'visible',
  audit: 'VaultList',
  async run(call) {
    const group = await readGroup(call);
    return group.ok ? listUnder(call, vaultIndexKey('vault-in', placeOf(call))) : group;
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
    const outcome = await createOrRecover(call, services);
    const { createMode } = membersOf(call.body['properties']);
    const isRecovery = typeof createMode === 'string' && createMode.toLowerCase() === 'recover';
    return isRecovery ? { ...outcome, recordedAs: { operationName: 'VaultRecover' } } : outcome;
  },
};

async function createOrRecover(call: ControlCall, services: ControlServices): Promise<ControlOutcome> {
  const location = readLocation(call.body);
  if (location === undefined) return refuse(locationMissing);
  const before = await conditionsOf(call);
  if (!before.ok) return before;
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
  if (!put.ok) return put;
  const { vault, created, change } = put.value;
  const require = [...(change.require ?? []), ...before.require];
  return {
    ...(created ? newVaultAnswer(vault, call, services) : vaultAnswer(200, vault, call)),
    change: { ...change, require },
  };
}

/**
 * The requirement that keeps the vault in the state that meets the request's conditions. Without conditions the last
 * writer wins, as on Azure: the server cannot know which state a client has read.
 */
async function conditionsOf(
  call: ControlCall,
): Promise<{ readonly ok: true; readonly require: readonly Requirement[] } | Extract<ControlOutcome, { ok: false }>> {
  if (call.conditions.ifMatch === undefined && call.conditions.ifNoneMatch === undefined)
    return { ok: true, require: [] };
  const found = await readVaultOf(call);
  const refused = ifMatchRefusal(call, found.ok ? vaultEtag(found.vault) : undefined);
  if (refused !== undefined) return refused;
  return { ok: true, require: found.ok ? [{ key: found.record.key, version: found.record.version }] : [] };
}

function newVaultAnswer(vault: VaultRecord, call: ControlCall, { azureNormalization }: ControlServices) {
  const made = vaultAnswer(200, vault, call);
  if (!azureNormalization) return made;
  const { body } = made.answer;
  return {
    ok: true,
    answer: { ...made.answer, body: { ...body, properties: normalizeNewVault(body.properties) } },
  } as const;
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
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const refused = ifMatchRefusal(call, vaultEtag(found.vault));
    if (refused !== undefined) return refused;
    const tags = call.body['tags'] === undefined ? {} : { tags: tagsOf(call.body) };
    const patched = await patchVault(
      { record: found.record, properties: call.body['properties'], ...tags },
      vaultServices(call, services),
    );
    if (!patched.ok) return patched;
    return { ...vaultAnswer(200, patched.value.vault, call), change: patched.value.change };
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
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const kind = call.params['operationKind'] ?? '';
    const update = accessPolicyUpdates.get(kind.toLowerCase());
    if (update === undefined) {
      const message = `'${kind}' is not an update of access policies; use ${[...accessPolicyUpdates.keys()].join(', ')}.`;
      return badRequest(message);
    }
    const refused = ifMatchRefusal(call, vaultEtag(found.vault));
    if (refused !== undefined) return refused;
    const properties: unknown = call.body['properties'];
    const named: unknown =
      typeof properties === 'object' && properties !== null && 'accessPolicies' in properties
        ? properties.accessPolicies
        : undefined;
    const policies = readAccessPolicies(named, found.vault.properties.tenantId);
    if (!policies.ok) return policies;
    const accessPolicies = update(found.vault.properties.accessPolicies, policies.value);
    const patched = await patchVault(
      { record: found.record, properties: { accessPolicies } },
      vaultServices(call, services),
    );
    if (!patched.ok) return patched;
    const body = {
      id: `${call.path}/`,
      type: 'Microsoft.KeyVault/vaults/accessPolicies',
      location: found.vault.location,
      properties: { accessPolicies },
    };
    return { ...answer(200, body), change: patched.value.change };
  },
};

/** DELETE of a vault soft-deletes it; 204 if it does not exist. */
const deleteVault: ControlOperation = {
  method: 'DELETE',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/delete',
  audit: 'VaultDelete',
  async run(call, services) {
    const found = await readVaultOf(call);
    if (!found.ok) return found.refusal.kind === 'resourceNotFound' ? answer(204) : found;
    const refused = ifMatchRefusal(call, vaultEtag(found.vault));
    if (refused !== undefined) return refused;
    const deleted = await softDelete(found.record, vaultServices(call, services));
    return deleted.ok ? { ...answer(200), change: deleted.value.change } : deleted;
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
