import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/firewall/decide.ts';
import { parseAddress } from '../../src/address/address.ts';
import { authorizationChange, firstOwner } from '../../src/resources/authorization/authorization.ts';
import { authorizationKey, roleKey, subnetKey, subscriptionKey, vaultKey } from '../../src/resources/keys.ts';
import { Rulebook } from '../../src/rulebook/rulebook.ts';
import type { VaultInForce } from '../../src/rulebook/rulebook.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict, encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import type { SubnetState, VaultProperties, VaultRecord } from '../../src/types/vault.ts';
import { vaultRecord } from '../resources/vault.ts';

const tenantId = '10000000-0000-0000-0000-00000000000a';
const secretGet = { name: 'SecretGet', permission: 'secrets/get' } as const;

function vault(name: string, ipRules: readonly string[], others: Partial<VaultProperties> = {}): VaultRecord {
  const values = ipRules.map((value) => ({ value }));
  const networkAcls = { bypass: 'None', defaultAction: 'Deny', ipRules: values, virtualNetworkRules: [] } as const;
  return vaultRecord(name, { tenantId, networkAcls, ...others });
}

function subnet(incarnation: string, others: Partial<SubnetState> = {}): SubnetState {
  return { incarnation, id: `/subnets/${incarnation}`, vnet: 'net', serviceEndpoint: true, ...others };
}

async function putVault(store: Store, record: VaultRecord): Promise<void> {
  await store.transact({ put: [{ key: vaultKey(record.name), value: encode(record) }] });
}

async function putSubnet(store: Store, state: SubnetState): Promise<void> {
  await store.transact({ put: [{ key: subnetKey(state.incarnation), value: encode(state) }] });
}

function open(store: Store, vaultsMax = 100): Promise<Rulebook> {
  return Rulebook.open({ store, firewall: { acceptDeclared: false }, vaultsMax });
}

function verdictFor(inForce: VaultInForce | undefined, from: string) {
  const address = parseAddress(from);
  assert.ok(inForce !== undefined && address !== undefined);
  return decide(inForce.firewall, { kind: 'public', address }, undefined, secretGet);
}

const byFirstRule = { allowed: true, because: 'ipRule', index: 0 };
const noRule = { allowed: false, because: 'noIpRule' };

test('a vault is read once and then cached, until the rulebook is told that it changed', async () => {
  const store = memoryStore();
  await putVault(store, vault('Kv-One', ['203.0.113.7']));
  const rulebook = await open(store);
  assert.equal(rulebook.known('kv-one'), undefined);
  const loaded = await rulebook.load('kv-one');
  assert.equal(rulebook.known('kv-one'), loaded);
  assert.equal(loaded?.name, 'Kv-One');
  assert.equal(loaded.id, '/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/Kv-One');
  assert.deepEqual(verdictFor(loaded, '203.0.113.7'), byFirstRule);
  assert.deepEqual(await rulebook.changed([vaultKey('other'), vaultKey('kv-one')]), []);
  assert.equal(rulebook.known('kv-one'), undefined);
});

test('an unannounced change of a vault fails the requirement, and loading the vault again shows the change', async () => {
  const store = memoryStore();
  await putVault(store, vault('kv-one', ['203.0.113.7']));
  const rulebook = await open(store);
  const stale = await rulebook.load('kv-one');
  assert.ok(stale !== undefined);
  const require = [stale.requirement];
  await store.read({ require, get: [] });
  await putVault(store, vault('kv-one', ['203.0.113.8']));
  // The cache still allows it; the requirement fails when a decision relies on it.
  assert.deepEqual(verdictFor(rulebook.known('kv-one'), '203.0.113.7'), byFirstRule);
  const conflict = (error: unknown) => error instanceof Conflict && error.key === vaultKey('kv-one');
  await assert.rejects(store.read({ require, get: [] }), conflict);
  await assert.rejects(store.list({ require, prefix: 'x', limit: 1 }), conflict);
  await assert.rejects(store.transact({ require, put: [{ key: 'x', value: encode(1) }] }), conflict);
  const fresh = await rulebook.load('kv-one');
  assert.deepEqual(verdictFor(fresh, '203.0.113.7'), noRule);
  assert.deepEqual(verdictFor(fresh, '203.0.113.8'), byFirstRule);
  // A caller that still holds the old rules is no longer allowed by them.
  assert.deepEqual(verdictFor(stale, '203.0.113.7'), { allowed: false, because: 'rulesUnreadable' });
});

test('loading unchanged rules again does not release the rules that others are using', async () => {
  const store = memoryStore();
  await putVault(store, vault('kv-one', ['203.0.113.7']));
  const rulebook = await open(store);
  const loads = await Promise.all(Array.from({ length: 10 }, () => rulebook.load('kv-one')));
  for (const one of loads) assert.deepEqual(verdictFor(one, '203.0.113.7'), byFirstRule);
});

test('a vault that is deleted, soft-deleted or never existed is not in force', async () => {
  const store = memoryStore();
  await putVault(store, vault('kv-one', []));
  const rulebook = await open(store);
  assert.equal(await rulebook.load('kv-none'), undefined);
  await rulebook.load('kv-one');
  await putVault(store, { ...vault('kv-one', []), deleted: { deletionDate: '', scheduledPurgeDate: '' } });
  assert.equal(await rulebook.load('kv-one'), undefined);
  assert.equal(rulebook.known('kv-one'), undefined);
  await putVault(store, vault('kv-one', []));
  await rulebook.load('kv-one');
  await store.transact({ delete: [vaultKey('kv-one')] });
  assert.equal(await rulebook.load('kv-one'), undefined);
  assert.equal(rulebook.known('kv-one'), undefined);
});

test('access is compiled from the access policies, or left to role assignments', async () => {
  const store = memoryStore();
  await putVault(store, vault('kv-rbac', [], { enableRbacAuthorization: true }));
  const accessPolicies = [{ tenantId, objectId: 'AB', permissions: { secrets: ['get'] } }];
  await putVault(store, vault('kv-policies', [], { accessPolicies }));
  const rulebook = await open(store);
  assert.equal((await rulebook.load('kv-rbac'))?.access, 'rbac');
  const access = (await rulebook.load('kv-policies'))?.access;
  assert.ok(access !== undefined && access !== 'rbac');
  assert.deepEqual([...access.keys()], ['ab']);
});

test('role assignments are read once, and again when they are reported or found to have changed', async () => {
  const store = memoryStore();
  const subscription = { subscriptionId: 'Sub', displayName: 'S', tenantId };
  await store.transact({
    put: [
      { key: subscriptionKey('Sub'), value: encode(subscription) },
      ...firstOwner('Sub', { principalId: 'OWNER', name: 'a', now: 0 }),
    ],
  });
  const rulebook = await open(store);
  assert.equal(rulebook.authorization('sub'), undefined);
  assert.equal(await rulebook.loadAuthorization('none'), undefined);
  const loaded = await rulebook.loadAuthorization('SUB');
  assert.ok(loaded !== undefined);
  assert.equal(rulebook.authorization('sub'), loaded);
  assert.equal(loaded.subscriptionId, 'Sub');
  assert.deepEqual(
    loaded.assignments.map(({ name, principalId, scope }) => [name, principalId, scope]),
    [['a', 'owner', '/subscriptions/Sub']],
  );
  await rulebook.changed([authorizationKey('other')]);
  assert.equal(rulebook.authorization('sub'), loaded);
  await store.read({ require: [loaded.requirement], get: [] });
  // The cache misses an unannounced change; the requirement fails when a decision relies on it.
  await store.transact(authorizationChange(loaded, { delete: [roleKey('role-assignment', 'sub', 'a')] }));
  assert.equal(rulebook.authorization('sub'), loaded);
  await assert.rejects(
    store.read({ require: [loaded.requirement], get: [] }),
    (error: unknown) => error instanceof Conflict && error.key === authorizationKey('sub'),
  );
  await rulebook.changed([authorizationKey('sub')]);
  assert.equal(rulebook.authorization('sub'), undefined);
  assert.deepEqual((await rulebook.loadAuthorization('sub'))?.assignments, []);
});

test('role assignments are all read at one moment', async () => {
  const store = memoryStore();
  const put = firstOwner('sub', { principalId: 'owner', name: 'a', now: 0 });
  const subscription = { subscriptionId: 'sub', displayName: 'S', tenantId };
  await store.transact({ put: [{ key: subscriptionKey('sub'), value: encode(subscription) }, ...put] });
  const stamp = { key: authorizationKey('sub'), value: encode(null) };
  let reads = 0;
  const restless: Store = {
    read: (request) => store.read(request),
    list: async (request) => {
      reads += 1;
      // An assignment changes between the pages.
      const page = await store.list(request);
      await store.transact({ put: [stamp] });
      return page;
    },
    transact: (transaction) => store.transact(transaction),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
  };
  const rulebook = await open(restless);
  await assert.rejects(rulebook.loadAuthorization('sub'), Conflict);
  assert.ok(reads >= 2);
});

test('invalid rules deny every caller', async () => {
  const store = memoryStore();
  await putVault(store, vault('kv-odd', ['not an address']));
  const rulebook = await open(store);
  const unreadable = { allowed: false, because: 'rulesUnreadable' };
  assert.deepEqual(verdictFor(await rulebook.load('kv-odd'), '203.0.113.7'), unreadable);
});

test('at most vaultsMax vaults are kept, and one that was dropped is read again', async () => {
  const store = memoryStore();
  for (const name of ['kv-1', 'kv-2', 'kv-3']) await putVault(store, vault(name, ['203.0.113.7']));
  const rulebook = await open(store, 2);
  for (const name of ['kv-1', 'kv-2', 'kv-3']) await rulebook.load(name);
  assert.equal(rulebook.known('kv-1'), undefined);
  assert.ok(rulebook.known('kv-2') !== undefined && rulebook.known('kv-3') !== undefined);
  assert.deepEqual(verdictFor(await rulebook.load('kv-1'), '203.0.113.7'), byFirstRule);
  assert.equal(rulebook.known('kv-2'), undefined);
});

test('more subnets than fit on one page are all loaded at the start', async () => {
  const store = memoryStore();
  const states = Array.from({ length: 1001 }, (_item, index) => subnet(`life-${index}`));
  await store.transact({ put: states.map((state) => ({ key: subnetKey(state.incarnation), value: encode(state) })) });
  const rulebook = await open(store);
  assert.ok(states.every(({ incarnation }) => rulebook.subnet(incarnation)?.serviceEndpoint === true));
  assert.equal(rulebook.subnet('life-1001'), undefined);
});

test('a subnet is found in its own network only', async () => {
  const store = memoryStore();
  await putSubnet(store, subnet('one'));
  const rulebook = await open(store);
  assert.equal(rulebook.subnetOf('net', 'one')?.id, '/subnets/one');
  assert.equal(rulebook.subnetOf('other', 'one'), undefined);
  assert.equal(rulebook.subnetOf('net', 'two'), undefined);
});

test('exactly the subnets that lost their service endpoint are returned', async () => {
  const store = memoryStore();
  for (const state of [subnet('off'), subnet('gone'), subnet('stays'), subnet('never', { serviceEndpoint: false })]) {
    await putSubnet(store, state);
  }
  const rulebook = await open(store);
  await putSubnet(store, subnet('off', { serviceEndpoint: false }));
  await putSubnet(store, subnet('stays'));
  await putSubnet(store, subnet('new'));
  await store.transact({ delete: [subnetKey('gone'), subnetKey('never')] });
  const keys = ['off', 'gone', 'stays', 'never', 'new'].map(subnetKey);
  assert.deepEqual(await rulebook.changed(keys), ['off', 'gone']);
  assert.equal(rulebook.subnet('off')?.serviceEndpoint, false);
  assert.equal(rulebook.subnet('gone'), undefined);
  assert.equal(rulebook.subnet('new')?.serviceEndpoint, true);
  assert.deepEqual(await rulebook.changed(keys), []);
});

test("a subnet's requirement fails once the subnet was changed or deleted", async () => {
  const store = memoryStore();
  await putSubnet(store, subnet('one'));
  const rulebook = await open(store);
  const known = rulebook.subnet('one');
  assert.ok(known !== undefined);
  await store.read({ require: [known.requirement], get: [] });
  await putSubnet(store, subnet('one', { serviceEndpoint: false }));
  await assert.rejects(store.read({ require: [known.requirement], get: [] }), Conflict);
});
