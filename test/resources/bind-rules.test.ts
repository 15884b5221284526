import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { bindRules } from '../../src/resources/vaults/bind-rules.ts';
import { virtualNetworkKey } from '../../src/resources/keys.ts';
import type { LinkedRefusal, ResourceRefusal } from '../../src/resources/refusal.ts';
import { deleteSubnet, putNetwork, putSubnet } from '../../src/resources/networks/virtual-networks.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict, encode } from '../../src/store/store.ts';
import { readRecords } from '../../src/store/records.ts';
import type { Stored } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';
import type { VirtualNetworkRecord } from '../../src/types/network.ts';

const place = { subscriptionId: '11111111-2222-3333-4444-555555555555', resourceGroup: 'rg' };
const id = `/subscriptions/${place.subscriptionId}/resourcegroups/rg/providers/microsoft.network/virtualnetworks/net/subnets/apps`;
const acls = { bypass: 'None', defaultAction: 'Deny', ipRules: [] } as const;
const apps = {
  name: 'apps',
  addressPrefix: '10.0.0.0/24',
  serviceEndpoints: [{ service: 'Microsoft.KeyVault', locations: ['*'] }],
  others: {},
};

/** A caller that may join every subnet, except as `linkedRefusal` says. */
function servicesOf(store: Store, linkedRefusal: LinkedRefusal = () => undefined) {
  return { store, subscriptionId: place.subscriptionId, linkedRefusal };
}

async function networkRecord(store: Store): Promise<Stored<VirtualNetworkRecord>> {
  const [record] = await readRecords(store, { get: [virtualNetworkKey(place, 'net')] });
  assert.ok(record !== undefined);
  return record;
}

async function storeWithSubnet() {
  const store = memoryStore();
  const requested = { addressPrefixes: ['10.0.0.0/16'], subnets: [apps], others: {} };
  const put = putNetwork(undefined, {
    ...place,
    name: 'net',
    location: 'westeurope',
    tags: {},
    requested,
    newId: randomUUID,
  });
  assert.ok(put.ok);
  await store.transact(put.value.change);
  return { store, incarnation: put.value.network.subnets[0]?.incarnation ?? '' };
}

test('a rule is bound to the existing subnet, on the condition that its network does not change meanwhile', async () => {
  const { store, incarnation } = await storeWithSubnet();
  const bound = await bindRules({ ...acls, virtualNetworkRules: [{ id }, { id }] }, [], servicesOf(store));
  assert.ok(bound.ok);
  const { key, version } = await networkRecord(store);
  assert.deepEqual(bound.value.networkAcls.virtualNetworkRules, [
    { id, incarnation },
    { id, incarnation },
  ]);
  assert.deepEqual(bound.value.require, [{ key, version }]);
});

test('a rule that was bound while its subnet was being deleted and created again is not stored', async () => {
  const { store } = await storeWithSubnet();
  const bound = await bindRules({ ...acls, virtualNetworkRules: [{ id }] }, [], servicesOf(store));
  assert.ok(bound.ok);
  const deleted = deleteSubnet(await networkRecord(store), 'apps', randomUUID);
  assert.ok(deleted.ok);
  await store.transact(deleted.value);
  const again = putSubnet(await networkRecord(store), apps, randomUUID);
  assert.ok(again.ok);
  await store.transact(again.value.change);
  const { require } = bound.value;
  await assert.rejects(store.transact({ require, put: [{ key: 'vault', value: encode(1) }] }), Conflict);
});

test('a stored rule is not looked up again, so it cannot be refused', async () => {
  const stored = [{ id: id.toUpperCase(), incarnation: 'dead' }];
  const bound = await bindRules({ ...acls, virtualNetworkRules: [{ id }] }, stored, servicesOf(memoryStore()));
  assert.deepEqual(bound, {
    ok: true,
    value: { networkAcls: { ...acls, virtualNetworkRules: [{ id, incarnation: 'dead' }] }, require: [] },
  });
});

test('of two simultaneous changes of a network, the second is a conflict', async () => {
  const { store } = await storeWithSubnet();
  const record = await networkRecord(store);
  const [one, other] = ['one', 'two'].map((name, index) =>
    putSubnet(record, { ...apps, name, addressPrefix: `10.0.${index + 1}.0/24` }, randomUUID),
  );
  assert.ok(one?.ok === true && other?.ok === true);
  await store.transact(one.value.change);
  await assert.rejects(store.transact(other.value.change), Conflict);
});

test('a caller that may not join a subnet cannot add a rule for it, or learn whether it exists', async () => {
  const { store } = await storeWithSubnet();
  const asked: (readonly string[])[] = [];
  const lacking: ResourceRefusal = { kind: 'subscriptionNotFound', id: 'stands for any refusal' };
  const services = servicesOf(store, (...what) => {
    asked.push(what);
    return lacking;
  });
  const gone = id.replace(/apps$/, 'gone');
  for (const rule of [id, gone]) {
    const refused = await bindRules({ ...acls, virtualNetworkRules: [{ id: rule }] }, [], services);
    assert.deepEqual(refused, { ok: false, refusal: lacking });
  }
  const action = 'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action';
  assert.deepEqual(asked, [
    [action, id],
    [action, gone],
  ]);
  // The store has no subnet of another subscription, so the answer reveals nothing about other users' subnets.
  const elsewhere = id.replace(place.subscriptionId, '99999999-2222-3333-4444-555555555555');
  const refused = await bindRules({ ...acls, virtualNetworkRules: [{ id: elsewhere }] }, [], services);
  assert.equal(refused.ok || refused.refusal.kind, 'subnetNotFound');
  // A stored rule stays.
  const kept = await bindRules({ ...acls, virtualNetworkRules: [{ id }] }, [{ id, incarnation: 'i' }], services);
  assert.equal(kept.ok, true);
});
