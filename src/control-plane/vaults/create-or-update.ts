import { membersOf } from '../../resources/members.ts';
import { putVault } from '../../resources/vaults.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { Requirement } from '../../store/store.ts';
import type { VaultRecord } from '../../types/vault.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { locationMissing, readLocation, refuse, tagsOf } from '../outcome.ts';
import { placeOf } from '../resource-groups/resource.ts';
import { normalizeNewVault } from './normalize.ts';
import { readVaultOf, vaultAnswer, vaultEtag, vaultPath, vaultsContext } from './resource.ts';

/** From this version on a new vault leaves its data plane to role assignments unless it says otherwise (access-control-default.md). */
const rbacByDefaultFrom = '2026-02-01';

/** PUT of a vault: 200 also when it is created, as recorded of Azure. */
export const createOrUpdateVault: ControlOperation = {
  method: 'PUT',
  path: vaultPath,
  action: 'Microsoft.KeyVault/vaults/write',
  audit: 'VaultPut',
  async run(call) {
    const outcome = await createOrRecover(call);
    const { createMode } = membersOf(call.body['properties']);
    const isRecovery = typeof createMode === 'string' && createMode.toLowerCase() === 'recover';
    return isRecovery ? { ...outcome, recordedAs: { operationName: 'VaultRecover' } } : outcome;
  },
};

async function createOrRecover(call: ControlCall): Promise<ControlOutcome> {
  const asked = readLocation(call.body);
  if (!asked.ok) return asked;
  const { value: location } = asked;
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
    vaultsContext(call),
  );
  if (!put.ok) return put;
  const { vault, created, change } = put.value;
  const require = [...(change.require ?? []), ...before.require];
  return {
    ...(created ? newVaultAnswer(vault, call) : vaultAnswer(200, vault, call)),
    change: { ...change, require },
  };
}

/**
 * The state of the vault that the conditions of the request are true of. Without conditions the last writer wins, as on
 * Azure: who read what before is nothing that a server can know.
 */
async function conditionsOf(
  call: ControlCall,
): Promise<{ readonly ok: true; readonly require: readonly Requirement[] } | Extract<ControlOutcome, { ok: false }>> {
  if (call.ifMatch === undefined && call.ifNoneMatch === undefined) return { ok: true, require: [] };
  const found = await readVaultOf(call);
  const refused = ifMatchRefusal(call, found.ok ? vaultEtag(found.vault) : undefined);
  if (refused !== undefined) return refused;
  return { ok: true, require: found.ok ? [{ key: found.record.key, version: found.record.version }] : [] };
}

function newVaultAnswer(vault: VaultRecord, call: ControlCall) {
  const made = vaultAnswer(200, vault, call);
  if (!call.azureNormalization) return made;
  const { body } = made.answer;
  return {
    ok: true,
    answer: { ...made.answer, body: { ...body, properties: normalizeNewVault(body.properties) } },
  } as const;
}
