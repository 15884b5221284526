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
import type { Identity } from './identity.ts';

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
  secret: 'greeting',
  value: 'hello from behind the boundary',
  /** Two virtual networks with the same addresses; the vault's rules contain only the subnet of the first. */
  networks: ['demo-blue', 'demo-green'],
  subnet: 'workloads',
  allowedAddress: '203.0.113.7',
} as const;

/**
 * Creates the demo: two virtual networks with the same address space, and a vault with `defaultAction: Deny`, a rule for
 * a subnet of the first network, an IP rule and a secret. After a crash it continues where it stopped.
 */
export async function createDemo(store: Store, identity: Identity, now: number): Promise<void> {
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
  await unlessThere(store, vaultKey(demo.vault), async () => changeOf(await putDemoVault(store, identity, now)));
  await addSecret(store, now);
  await store.transact({ require: [{ key: doneKey, version: null }], put: [recordPut(doneKey, true)] });
}

function putDemoVault(store: Store, identity: Identity, now: number) {
  const { tenantId, objectId, subscriptionId } = identity;
  const place = { subscriptionId, resourceGroup: demo.resourceGroup };
  const permissions = { secrets: ['all'], keys: ['all'], certificates: ['all'] };
  const subnet = `${virtualNetworkId({ ...place, name: demo.networks[0] })}/subnets/${demo.subnet}`;
  const properties = {
    tenantId,
    sku: { family: 'A', name: 'standard' },
    accessPolicies: [{ tenantId, objectId, permissions }],
    networkAcls: {
      defaultAction: 'Deny',
      bypass: 'AzureServices',
      ipRules: [{ value: demo.allowedAddress }],
      virtualNetworkRules: [{ id: subnet }],
    },
  };
  const by = { id: identity.clientId, type: 'Application' } as const;
  const request = { ...place, name: demo.vault, location, tags: {}, properties, rbacByDefault: false };
  return putVault(request, {
    store,
    profile: ruleProfiles.documented,
    now,
    newId: randomUUID,
    by,
    lacks: () => undefined,
  });
}

async function addSecret(store: Store, now: number): Promise<void> {
  const [record] = await readRecords(store, { get: [vaultKey(demo.vault)] });
  if (record === undefined) return;
  const require = [{ key: record.key, version: record.version }];
  const scope = vaultScope(record.value, { transitionMs: 0, nowMs: now, require });
  const made = { version: newVersion(), nowSeconds: Math.floor(now / 1000) };
  const version = newSecretVersion({ value: demo.value }, made);
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
