import { isDeepStrictEqual } from 'node:util';
import { readSubnetById } from '../../resources/networks/virtual-networks.ts';
import { vaultId, vaultKey, virtualNetworkId } from '../../resources/keys.ts';
import { isAt, patchVault, putVault } from '../../resources/vaults/vaults.ts';
import type { VaultChange, VaultServices } from '../../resources/vaults/vaults.ts';
import { find } from '../../seed/references.ts';
import type { SeedVault } from '../../seed/seed-file.ts';
import { readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { AccessPolicy } from '../../types/access-policy.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';
import { applyKey } from './keys.ts';
import { defaultLocation, refuseOtherLocation } from './networks.ts';
import { namedPolicies } from './policies.ts';
import { wordsOfResource } from './refusal-words.ts';
import { applySecret, openVault } from './secrets.ts';

/** Makes and changes a vault, and then its secrets. A part that the seed leaves out stays as it is. */
export async function applyVault(applying: Applying, name: string, vault: SeedVault): Promise<void> {
  const path = ['vaults', name];
  const [before] = await readRecords(applying.store, { get: [vaultKey(name)] });
  refuseOther(applying, before?.value, path);
  const named = { name, vault, path };
  const change = before === undefined ? await newVault(applying, named) : await changedVault(applying, before, named);
  if (!change.ok) throw new SeedRefused(path, wordsOfResource(change.refusal));
  const { vault: after, change: transaction } = change.value;
  if (
    before !== undefined &&
    isDeepStrictEqual({ ...after, systemData: null }, { ...before.value, systemData: null })
  ) {
    applying.unchanged(path);
  } else {
    const done = before === undefined ? ('added' as const) : ('changed' as const);
    const operationName = before === undefined ? 'VaultPut' : 'VaultPatch';
    await applying.commit({ path, done }, transaction, { log: 'vault', operationName, resourceId: vaultId(after) });
  }
  await noticeEarlierSubnets(applying, after, path);
  const [record] = await readRecords(applying.store, { get: [vaultKey(name)] });
  if (record === undefined) return;
  const opened = openVault(record, applying.scope.nowMs);
  for (const [secretName, secret] of Object.entries(vault.secrets)) {
    await applySecret(applying, opened, { name: secretName, secret, path: [...path, 'secrets', secretName] });
  }
  for (const [keyName, key] of Object.entries(vault.keys)) {
    await applyKey(applying, opened, { name: keyName, key, path: [...path, 'keys', keyName] });
  }
}

export function vaultServices({ store, scope, newId }: Applying): VaultServices {
  const by = { id: scope.identity.clientId, type: 'Application' } as const;
  return { store, profile: scope.profile, now: scope.nowMs, newId, by, linkedRefusal: () => undefined };
}

interface NamedVault {
  readonly name: string;
  readonly vault: SeedVault;
  readonly path: readonly string[];
}

/** A vault's name is unique in the world, also while it is soft-deleted. */
function refuseOther(applying: Applying, before: VaultRecord | undefined, path: readonly string[]): void {
  if (before === undefined) return;
  const remedy = 'start once without --seed and recover or purge it, or leave it out of the seed';
  if (before.deleted !== undefined) {
    throw new SeedRefused(
      path,
      `the vault is soft-deleted since ${before.deleted.deletionDate}, and keeps its name: ${remedy}`,
    );
  }
  if (!isAt(before, applying.place)) {
    const rule = `the name belongs to a vault in the resource group '${before.resourceGroup}': choose another, or write that resourceGroup`;
    throw new SeedRefused(path, rule);
  }
  refuseOtherLocation(applying, before, path);
}

async function newVault(applying: Applying, { name, vault, path }: NamedVault): Promise<VaultChange> {
  const { place, seed, scope } = applying;
  const { tenantId } = scope.identity;
  const accessPolicies = await newPolicies(applying, vault, path);
  const properties = { tenantId, sku: { name: 'standard' }, ...propertiesOf(applying, vault), accessPolicies };
  const location = seed.location ?? defaultLocation;
  const tags = vault.tags ?? {};
  return putVault({ ...place, name, location, tags, properties, rbacByDefault: false }, vaultServices(applying));
}

async function changedVault(
  applying: Applying,
  record: Stored<VaultRecord>,
  { vault, path }: NamedVault,
): Promise<VaultChange> {
  const { accessPolicies: before } = record.value.properties;
  const accessPolicies =
    vault.access === undefined ? before : await changedPolicies(applying, { before, access: vault.access, path });
  const properties = { ...propertiesOf(applying, vault), ...(accessPolicies !== before && { accessPolicies }) };
  return patchVault(
    { record, properties, ...(vault.tags !== undefined && { tags: vault.tags }) },
    vaultServices(applying),
  );
}

const everything = { secrets: ['all'], keys: ['all'], certificates: ['all'] };

/** The policies of a new vault: the administrator's, and those of the seed, or else of the developer and the portal's user. */
async function newPolicies(
  applying: Applying,
  { access, enableRbacAuthorization }: SeedVault,
  path: readonly string[],
): Promise<readonly AccessPolicy[]> {
  const { identity, developer, portalUser } = applying.scope;
  if (enableRbacAuthorization === true) return [];
  const policy = (objectId: string) => ({ tenantId: identity.tenantId, objectId, permissions: everything });
  if (access === undefined) {
    return [identity.objectId, developer?.objectId, portalUser?.id].flatMap((id) =>
      id === undefined ? [] : [policy(id)],
    );
  }
  const named = await namedPolicies(applying, access, path);
  return named.some(({ objectId }) => objectId === identity.objectId) ? named : [policy(identity.objectId), ...named];
}

interface Policies {
  readonly before: readonly AccessPolicy[];
  readonly access: NonNullable<SeedVault['access']>;
  readonly path: readonly string[];
}

/** The same list if nothing is to be changed. With `prune`, a policy that the seed does not name goes, but the administrator's. */
async function changedPolicies(
  applying: Applying,
  { before, access, path }: Policies,
): Promise<readonly AccessPolicy[]> {
  const { identity, prune } = applying.scope;
  const named = new Map((await namedPolicies(applying, access, path)).map((policy) => [policy.objectId, policy]));
  const kept = before.flatMap((policy) => {
    const id = policy.objectId.toLowerCase();
    // A policy of a compound identity is another one, and a seed cannot say it.
    const wanted = policy.applicationId === undefined ? named.get(id) : undefined;
    if (wanted === undefined) return prune === true && id !== identity.objectId ? [] : [policy];
    named.delete(id);
    return [isSamePolicy(policy, wanted) ? policy : { ...policy, permissions: wanted.permissions }];
  });
  const after = [...kept, ...named.values()];
  return isDeepStrictEqual(after, before) ? before : after;
}

function isSamePolicy(one: AccessPolicy, other: AccessPolicy): boolean {
  return (['secrets', 'keys', 'certificates', 'storage'] as const).every((collection) => {
    const [had, wanted] = [one, other].map(
      ({ permissions }) => new Set((permissions[collection] ?? []).map((name) => name.toLowerCase())),
    );
    return isDeepStrictEqual(had, wanted);
  });
}

/** The properties that the seed names, as the resource manager takes them. */
function propertiesOf({ place }: Applying, vault: SeedVault): Readonly<Record<string, unknown>> {
  const { rules, sku, access: _, secrets: __, keys: ___, tags: ____, ...others } = vault;
  return {
    ...others,
    ...(sku !== undefined && { sku: { family: 'A', name: sku } }),
    ...(rules !== undefined && {
      networkAcls: {
        defaultAction: rules.defaultAction,
        bypass: rules.bypass,
        ipRules: rules.ipRules.map((value) => ({ value })),
        virtualNetworkRules: rules.virtualNetworkRules.map((entry) => ({ id: subnetIdOf(place, entry) })),
      },
    }),
  };
}

function subnetIdOf(place: Applying['place'], entry: string): string {
  if (entry.startsWith('/')) return entry;
  const [network = '', subnet = ''] = entry.split('/');
  return `${virtualNetworkId({ ...place, name: network })}/subnets/${subnet}`;
}

/** A rule stays bound to its subnet, also when that was deleted and another one has its name (invariant 5): said, not changed. */
async function noticeEarlierSubnets(
  { store, seed, notices }: Applying,
  vault: VaultRecord,
  path: readonly string[],
): Promise<void> {
  if (find(seed.vaults, vault.name)?.rules === undefined) return;
  for (const { id, incarnation } of vault.properties.networkAcls?.virtualNetworkRules ?? []) {
    const living = await readSubnetById(id, store);
    if (living?.subnet.incarnation === incarnation) continue;
    notices.push(
      `${path.join('.')}: the rule for ${id} is bound to an earlier subnet of that name, and lets the one of today in only after it is removed and added again.`,
    );
  }
}
