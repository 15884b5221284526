import { randomUUID } from 'node:crypto';
import { addVersion } from '../objects/change.ts';
import { newVersion, vaultScope } from '../objects/object.ts';
import { newSecretVersion } from '../objects/secrets/secret.ts';
import { unmanagedState } from '../objects/state.ts';
import { resourceGroupKey, vaultKey, virtualNetworkId, virtualNetworkKey } from '../resources/keys.ts';
import { putVault } from '../resources/vaults/vaults.ts';
import { putNetwork } from '../resources/networks/virtual-networks.ts';
import { ruleProfiles } from '../firewall/profiles.ts';
import { recordKind } from '../store/keys.ts';
import { readAlone, readRecords, recordPut } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { ResourceGroupRecord } from '../types/resource-group.ts';
import type { Developer } from './developer.ts';
import type { Identity } from './identity.ts';
import type { PortalUser } from './portal-user.ts';

const doneKey = recordKind<true>({
  pattern: 'setup/demo',
  owner: 'setup',
  holds: 'that the demo was created',
}).key();
const location = 'westeurope';

/** The names and values of the demo. */
export const demo = {
  resourceGroup: 'demo',
  vault: 'demo',
  /** A vault with `defaultAction: Allow`, for a first try from wherever. */
  openVault: 'open',
  secret: 'greeting',
  value: 'hello from behind the boundary',
  openValue: 'hello from the open vault',
  /** Two virtual networks with the same addresses; the vault's rules contain only the subnet of the first. */
  networks: ['demo-blue', 'demo-green'],
  subnet: 'workloads',
  allowedAddress: '203.0.113.7',
} as const;

interface Owners {
  readonly identity: Identity;
  readonly developer: Developer | undefined;
  readonly portalUser: PortalUser | undefined;
}

/**
 * Creates the demo: two virtual networks with the same address space, a vault with `defaultAction: Deny`, a rule for a
 * subnet of the first network and an IP rule, and a vault with `defaultAction: Allow`. Each vault has a secret; the
 * administrator, the developer and the portal's user have all rights. After a crash it continues where it stopped.
 */
export async function createDemo(store: Store, owners: Owners, now: number): Promise<void> {
  const { identity } = owners;
  const [done] = await store.read({ get: [doneKey] });
  if (done !== undefined || !identity.demo) return;
  const place = { subscriptionId: identity.subscriptionId, resourceGroup: demo.resourceGroup };
  const group: ResourceGroupRecord = {
    name: demo.resourceGroup,
    subscriptionId: place.subscriptionId,
    location,
    tags: {},
  };
  const key = resourceGroupKey(place);
  await unlessThere(store, key, async () => ({ put: [recordPut(key, group)] }));
  for (const name of demo.networks) {
    const network = putNetwork(undefined, {
      ...place,
      name,
      location,
      tags: {},
      requested: {
        addressPrefixes: ['10.0.0.0/16'],
        subnets: [
          {
            name: demo.subnet,
            addressPrefix: '10.0.0.0/24',
            serviceEndpoints: [{ service: 'Microsoft.KeyVault', locations: ['*'] }],
            others: {},
          },
        ],
        others: {},
      },
      newId: randomUUID,
    });
    await unlessThere(store, virtualNetworkKey(place, name), async () => changeOf(network));
  }
  const subnet = `${virtualNetworkId({ ...place, name: demo.networks[0] })}/subnets/${demo.subnet}`;
  const locked = {
    defaultAction: 'Deny',
    bypass: 'AzureServices',
    ipRules: [{ value: demo.allowedAddress }],
    virtualNetworkRules: [{ id: subnet }],
  };
  const open = { defaultAction: 'Allow', bypass: 'AzureServices' };
  await addVault(store, owners, { name: demo.vault, networkAcls: locked, now });
  await addVault(store, owners, { name: demo.openVault, networkAcls: open, now });
  await store.transact({ require: [{ key: doneKey, version: null }], put: [recordPut(doneKey, true)] });
}

interface DemoVault {
  readonly name: string;
  readonly networkAcls: object;
  readonly now: number;
}

async function addVault(store: Store, owners: Owners, vault: DemoVault): Promise<void> {
  await unlessThere(store, vaultKey(vault.name), async () => changeOf(await putDemoVault(store, owners, vault)));
  await addSecret(store, vault);
}

function putDemoVault(
  store: Store,
  { identity, developer, portalUser }: Owners,
  { name, networkAcls, now }: DemoVault,
) {
  const { tenantId, subscriptionId } = identity;
  const permissions = { secrets: ['all'], keys: ['all'], certificates: ['all'] };
  const accessPolicies = [identity.objectId, developer?.objectId, portalUser?.id].flatMap((objectId) =>
    objectId === undefined ? [] : [{ tenantId, objectId, permissions }],
  );
  const properties = { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies, networkAcls };
  const place = { subscriptionId, resourceGroup: demo.resourceGroup };
  const by = { id: identity.clientId, type: 'Application' } as const;
  const request = { ...place, name, location, tags: {}, properties, rbacByDefault: false };
  return putVault(request, {
    store,
    profile: ruleProfiles.documented,
    now,
    newId: randomUUID,
    by,
    linkedRefusal: () => undefined,
  });
}

async function addSecret(store: Store, { name, now }: DemoVault): Promise<void> {
  const [record] = await readRecords(store, { get: [vaultKey(name)] });
  if (record === undefined) return;
  const require = [{ key: record.key, version: record.version }];
  const scope = vaultScope(record.value, { transitionMs: 0, nowMs: now, require });
  const made = { version: newVersion(), nowSeconds: Math.floor(now / 1000) };
  const value = name === demo.vault ? demo.value : demo.openValue;
  const version = newSecretVersion({ value }, made);
  const asked = { name: demo.secret, operation: 'set' };
  const state = await readAlone(store, require, unmanagedState(scope, 'secrets', asked));
  const added = state.ok ? addVersion(scope, state.value, version) : state;
  if (added.ok && added.change !== undefined) await store.transact(added.change);
}

async function unlessThere(store: Store, key: string, make: () => Promise<Transaction>): Promise<void> {
  const [there] = await store.read({ get: [key] });
  if (there === undefined) await store.transact(await make());
}

function changeOf(
  made:
    | { readonly ok: true; readonly value: { readonly change: Transaction } }
    | { readonly ok: false; readonly refusal: unknown },
): Transaction {
  if (!made.ok) throw new Error(`the demo was refused: ${JSON.stringify(made.refusal)}`);
  return made.value.change;
}
