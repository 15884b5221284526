import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerClient } from '../../src/directory/client-registration.ts';
import { findClient } from '../../src/directory/clients.ts';
import { findByName, listObjects } from '../../src/directory/objects.ts';
import { matchesHash } from '../../src/directory/secret.ts';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import { lifeCycles } from '../../src/objects/life-cycle.ts';
import { objectKeys, vaultScope } from '../../src/objects/object.ts';
import { putLock, readLocks } from '../../src/resources/authorization/locks.ts';
import { parseScope, vaultId, vaultKey, virtualNetworkKey } from '../../src/resources/keys.ts';
import { deleteSubnet } from '../../src/resources/networks/virtual-networks.ts';
import { deleteVault } from '../../src/resources/vaults/vaults.ts';
import { readSeed } from '../../src/seed/read-seed.ts';
import type { SeedFile } from '../../src/seed/seed-file.ts';
import { demoSeed } from '../../src/setup/demo.ts';
import { openDeveloper } from '../../src/setup/developer.ts';
import { openIdentity } from '../../src/setup/identity.ts';
import { openReader } from '../../src/setup/reader.ts';
import { applySeed } from '../../src/setup/seed/apply-seed.ts';
import type { SeedScope } from '../../src/setup/seed/applying.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { listRecords, readAlone, readRecords } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';

const profile = ruleProfiles.documented;

const world: SeedFile = {
  networks: { blue: { subnets: { web: '10.0.0.0/24' } } },
  identities: { shop: {}, pipeline: { clientSecret: 'first secret' } },
  users: { 'alice@localhost': { password: 'first password' } },
  vaults: {
    app: {
      rules: { defaultAction: 'Deny', ipRules: ['203.0.113.7'], virtualNetworkRules: ['blue/web'] },
      access: { shop: { secrets: ['get', 'list'] }, 'alice@localhost': { secrets: ['get'] } },
      secrets: { greeting: 'hello', other: { value: 'x', tags: { team: 'blue' } } },
    },
    short: { secrets: { greeting: 'hi' } },
  },
};

async function opened() {
  const store = memoryStore();
  const identity = await openIdentity(store, { demo: true, now: 1 });
  const developer = await openDeveloper(store, identity);
  let nowMs = 1_800_000_000_000;
  const apply = async (seed: SeedFile, scope: Partial<SeedScope> = {}) => {
    const read = readSeed(seed, profile);
    assert.ok(read.ok, JSON.stringify(read));
    nowMs += 1000;
    const suffix = '.vault.localhost:8443';
    return applySeed(store, read.seed, {
      identity,
      developer,
      portalUser: undefined,
      nowMs,
      profile,
      vaultSuffix: suffix,
      ...scope,
    });
  };
  /** The parts that were not as the seed has them, and what was done. */
  const done = async (seed: SeedFile, scope: Partial<SeedScope> = {}) => {
    const applied = await apply(seed, scope);
    assert.ok(applied.ok, JSON.stringify(applied));
    return applied.done.filter((one) => one.done !== 'unchanged').map((one) => `${one.done} ${one.path}`);
  };
  const refusal = async (seed: SeedFile) => {
    const before = await snapshot(store);
    const applied = await apply(seed);
    assert.ok(!applied.ok, JSON.stringify(applied));
    assert.deepEqual(await snapshot(store), before, 'a refused seed wrote something');
    return applied.message;
  };
  const place = { subscriptionId: identity.subscriptionId, resourceGroup: 'demo' };
  return { store, identity, developer, place, apply, done, refusal };
}

/** Every key with its version. */
async function snapshot(store: Store): Promise<readonly string[]> {
  const records = await store.list({ prefix: '', limit: 10_000 });
  return records.map(({ key, version }) => `${key} ${version}`);
}

async function vaultOf(store: Store, name: string) {
  const [record] = await readRecords(store, { get: [vaultKey(name)] });
  assert.ok(record !== undefined, `there is no vault ${name}`);
  const require = [{ key: record.key, version: record.version }];
  const scope = vaultScope(record.value, { transitionMs: 0, nowMs: 1_900_000_000_000, require });
  return { record, scope, keys: objectKeys(scope, 'secrets') };
}

async function secretOf(store: Store, vault: string, name: string) {
  const { keys } = await vaultOf(store, vault);
  const [record] = await readRecords(store, { get: [keys.current(name)] });
  const older = await listRecords(store, { prefix: keys.versions(name), limit: 10 });
  return { ...record?.value.current, older: older.length };
}

test('a seed is applied once, and a second time it writes nothing', async () => {
  const { store, done } = await opened();
  assert.deepEqual(await done(world), [
    'added resourceGroup',
    'added networks.blue',
    'added identities.shop',
    'added identities.pipeline',
    'added users.alice@localhost',
    'added vaults.app',
    'added vaults.app.secrets.greeting',
    'added vaults.app.secrets.other',
    'added vaults.short',
    'added vaults.short.secrets.greeting',
  ]);
  const before = await snapshot(store);
  assert.deepEqual(await done(world), []);
  assert.deepEqual(await done(world, { prune: true }), []);
  assert.deepEqual(await snapshot(store), before);
});

test('access is that of the seed and the administrator, or else of everyone who is there at the start', async () => {
  const { store, identity, developer, done } = await opened();
  await done(world);
  const shop = await clientNamed(store, identity.tenantId, 'shop');
  const alice = await findByName(store, { tenantId: identity.tenantId, kind: 'user' }, 'alice@localhost');
  const policies = async (name: string) =>
    (await vaultOf(store, name)).record.value.properties.accessPolicies.map(({ objectId }) => objectId);
  assert.deepEqual(await policies('app'), [identity.objectId, shop.id, alice?.record.id]);
  assert.deepEqual(await policies('short'), [identity.objectId, developer?.objectId]);
});

async function clientNamed(store: Store, tenantId: string, name: string) {
  const all = await listObjects(store, { tenantId, kind: 'servicePrincipal' }, { after: undefined, limit: 100 });
  const found = all.find(({ displayName }) => displayName === name);
  assert.ok(found !== undefined, `there is no client ${name}`);
  return found;
}

test('a value that changes makes a version, and other attributes change the version that is there', async () => {
  const { store, done } = await opened();
  await done(world);
  const first = await secretOf(store, 'app', 'other');
  const change = (other: NonNullable<NonNullable<SeedFile['vaults']>[string]['secrets']>[string]) =>
    done({ vaults: { app: { secrets: { other } } } });
  assert.deepEqual(await change('x'), []);
  assert.deepEqual(await change({ value: 'x', tags: { team: 'blue' } }), []);
  assert.deepEqual(await change(null), []);
  assert.deepEqual(await change({ value: 'x', contentType: 'text/plain' }), ['changed vaults.app.secrets.other']);
  const second = await secretOf(store, 'app', 'other');
  assert.deepEqual([second.version, second.older, second.contentType], [first.version, 0, 'text/plain']);
  assert.deepEqual(await change('y'), ['changed vaults.app.secrets.other']);
  const third = await secretOf(store, 'app', 'other');
  assert.deepEqual([third.value, third.older, third.tags], ['y', 1, { team: 'blue' }]);
  assert.notEqual(third.version, first.version);
});

test('a rule that did not change keeps its subnet, also one that is gone, and this is said', async () => {
  const { store, place, apply, done } = await opened();
  await done(world);
  const incarnation = async () =>
    (await vaultOf(store, 'app')).record.value.properties.networkAcls?.virtualNetworkRules[0]?.incarnation;
  const first = await incarnation();
  const [network] = await readRecords(store, { get: [virtualNetworkKey(place, 'blue')] });
  assert.ok(network !== undefined);
  assert.equal(network.value.subnets[0]?.incarnation, first);
  const gone = deleteSubnet(network, 'web', () => 'an-etag');
  assert.ok(gone.ok);
  await store.transact(gone.value);
  const applied = await apply(world);
  assert.ok(applied.ok);
  assert.deepEqual(
    applied.done.filter((one) => one.done !== 'unchanged'),
    [{ path: 'networks.blue', done: 'changed' }],
  );
  assert.equal(await incarnation(), first);
  assert.match(applied.notices.join(), /^vaults\.app: the rule for .*\/subnets\/web is bound to an earlier subnet/);
});

test('what the seed does not name stays, and goes with prune', async () => {
  const { store, identity, done } = await opened();
  await done(world);
  const less: SeedFile = {
    networks: { blue: { subnets: { jobs: '10.0.0.0/24' } } },
    vaults: { app: { rules: { defaultAction: 'Allow' }, access: {}, secrets: { greeting: 'hello' } } },
  };
  const kept: SeedFile = { ...less, networks: { blue: { subnets: { jobs: '10.0.1.0/24' } } } };
  assert.deepEqual(await done(kept), ['changed networks.blue', 'changed vaults.app']);
  assert.equal((await vaultOf(store, 'app')).record.value.properties.accessPolicies.length, 3);
  assert.deepEqual((await done(less, { prune: true })).toSorted(), [
    'changed networks.blue',
    'changed vaults.app',
    'removed identities.pipeline',
    'removed identities.shop',
    'removed networks.blue.subnets.web',
    'removed users.alice@localhost',
    'removed vaults.app.secrets.other',
    'removed vaults.short',
  ]);
  const { record } = await vaultOf(store, 'short');
  assert.notEqual(record.value.deleted, undefined);
  const { accessPolicies } = (await vaultOf(store, 'app')).record.value.properties;
  assert.deepEqual(
    accessPolicies.map(({ objectId }) => objectId),
    [identity.objectId],
  );
  assert.ok((await findClient(store, identity.tenantId, identity.clientId)) !== undefined);
  assert.equal(await findByName(store, { tenantId: identity.tenantId, kind: 'user' }, 'alice@localhost'), undefined);
  assert.deepEqual(await done({ vaults: { app: { secrets: { other: 'x' } } } }), ['changed vaults.app.secrets.other']);
});

test('prune removes identities and users where no resource group is there', async () => {
  const { done } = await opened();
  const { identities, users } = world;
  await done({ ...(identities && { identities }), ...(users && { users }) });
  assert.deepEqual((await done({ identities: { shop: {} } }, { prune: true })).toSorted(), [
    'removed identities.pipeline',
    'removed users.alice@localhost',
  ]);
});

test('prune does not remove an identity that was there before a seed named it', async () => {
  const { store, identity, done } = await opened();
  const { tenantId } = identity;
  const [clientId, objectId] = ['6a1f0c1e-9d1b-4b52-8f0e-0c1d2e3f4a5b', '7b2f0c1e-9d1b-4b52-8f0e-0c1d2e3f4a5b'];
  await registerClient(store, { tenantId, clientId, objectId, displayName: 'configured', secrets: ['its secret'] });
  const named: SeedFile = {
    identities: { pipeline: { clientSecret: null, clientId } },
    vaults: { app: { access: { pipeline: { secrets: ['get'] } } } },
  };
  assert.deepEqual(await done(named), ['added resourceGroup', 'added vaults.app']);
  assert.deepEqual(await done({ vaults: { app: {} } }, { prune: true }), []);
  assert.equal((await findClient(store, tenantId, clientId))?.objectId, objectId);
  const before = await snapshot(store);
  assert.deepEqual(await done({ vaults: { app: {} } }, { prune: true }), []);
  assert.deepEqual(await snapshot(store), before);
});

test('a changed credential is set, and null keeps the one that is there', async () => {
  const { store, identity, done } = await opened();
  await done(world);
  const pipeline = await clientNamed(store, identity.tenantId, 'pipeline');
  const secrets = async () => (await findClient(store, identity.tenantId, pipeline.appId))?.secrets ?? [];
  const kept: SeedFile = {
    identities: { pipeline: { clientSecret: null, clientId: pipeline.appId, objectId: pipeline.id } },
    users: { 'Alice@localhost': { password: null } },
  };
  assert.deepEqual(await done(kept), []);
  const changed: SeedFile = {
    identities: { pipeline: { clientSecret: 'second secret' } },
    users: { 'alice@localhost': { password: 'second password', displayName: 'Alice' } },
  };
  assert.deepEqual(await done(changed), ['changed identities.pipeline', 'changed users.alice@localhost']);
  const [only, ...more] = await secrets();
  assert.equal(more.length, 0);
  assert.ok(only !== undefined && (await matchesHash('second secret', only.hash)));
  const alice = await findByName(store, { tenantId: identity.tenantId, kind: 'user' }, 'alice@localhost');
  assert.equal(alice?.record.displayName, 'Alice');
  assert.ok(await matchesHash('second password', alice?.record.passwordHash ?? ''));
});

test('what cannot be applied is refused by its path, and nothing is written', async () => {
  const { store, identity, place, done, refusal } = await opened();
  await done(world);
  assert.match(
    await refusal({ vaults: { app: { secrets: { missing: null } } } }),
    /^vaults\.app\.secrets\.missing: null keeps the value .* there is no such secret: write its value\.$/,
  );
  assert.match(
    await refusal({ vaults: { app: { secrets: { missing: { value: null, enabled: false } } } } }),
    /^vaults\.app\.secrets\.missing\.value: null/,
  );
  assert.match(
    await refusal({ identities: { other: { clientSecret: null } } }),
    /^identities\.other\.clientSecret: null keeps the secret/,
  );
  assert.match(
    await refusal({ users: { 'bob@localhost': { password: null } } }),
    /^users\.bob@localhost\.password: null keeps the password/,
  );
  assert.match(
    await refusal({ identities: { shop: { clientSecret: 'x' } } }),
    /^identities\.shop: it is a managed identity, which has no clientSecret/,
  );
  assert.match(
    await refusal({ identities: { pipeline: {} } }),
    /^identities\.pipeline: it is an application, which needs its clientSecret/,
  );
  assert.match(
    await refusal({ identities: { shop: { clientId: 'a0000000-0000-4000-8000-000000000001' } } }),
    /^identities\.shop\.clientId: its id is .*, and an id cannot be changed/,
  );
  const reader = await openReader(store, identity, 1);
  for (const { clientId } of [identity, reader]) {
    assert.match(
      await refusal({ identities: { other: { clientId, clientSecret: 'another' } } }),
      /^identities\.other\.clientId: .* is an identity of the server itself/,
    );
  }
  assert.match(
    await refusal({ vaults: { app: { access: { 'carol@localhost': {} } } } }),
    /^vaults\.app\.access\.carol@localhost: there is no user 'carol@localhost'/,
  );
  assert.match(
    await refusal({ location: 'northeurope', vaults: { app: {} } }),
    /^vaults\.app: it is in the location 'westeurope'/,
  );
  assert.match(
    await refusal({ resourceGroup: 'rg2', vaults: { app: {} } }),
    /^vaults\.app: the name belongs to a vault in the resource group 'demo'/,
  );
  assert.match(
    await refusal({ vaults: { app: { softDeleteRetentionInDays: 7 } } }),
    /^vaults\.app: The property "softDeleteRetentionInDays" has been set already and it can't be modified\./,
  );
  assert.match(
    await refusal({ networks: { blue: { subnets: { jobs: '10.0.0.0/24' } } } }),
    /^networks\.blue: Subnet 'jobs' is not valid in virtual network/,
  );
  const gone = `/subscriptions/${place.subscriptionId}/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks/blue/subnets/gone`;
  assert.match(
    await refusal({ vaults: { app: { rules: { defaultAction: 'Deny', virtualNetworkRules: [gone] } } } }),
    /^vaults\.app: there is no subnet \/subscriptions\/.*\/gone/,
  );
});

test('a soft-deleted vault is not replaced, and a locked one is not changed', async () => {
  const { store, identity, done, refusal } = await opened();
  await done(world);
  const services = {
    store,
    profile,
    now: 1_800_000_000_000,
    newId: () => 'an-id',
    by: { id: identity.clientId, type: 'Application' as const },
    linkedRefusal: () => undefined,
  };
  const { record } = await vaultOf(store, 'app');
  const scope = parseScope(vaultId(record.value));
  assert.ok(scope !== undefined);
  const locked = await putLock(
    { scope, name: 'kept', properties: { level: 'ReadOnly' } },
    await readLocks(store, identity.subscriptionId),
    store,
  );
  assert.ok(locked.ok);
  await store.transact(locked.value.change);
  assert.match(await refusal({ vaults: { app: { tags: { a: 'b' } } } }), /^vaults\.app: a lock at .* forbids it/);
  assert.deepEqual(await done({ vaults: { app: { secrets: { greeting: 'hello' } } } }), []);

  const short = await vaultOf(store, 'short');
  const deleted = await deleteVault(short.record, services);
  assert.ok(deleted.ok);
  await store.transact(deleted.value.change);
  assert.match(
    await refusal({ vaults: { short: {} } }),
    /^vaults\.short: the vault is soft-deleted since .*: start once without --seed and recover or purge it/,
  );
});

test('a secret that is soft-deleted is recovered with its versions', async () => {
  const { store, done } = await opened();
  await done(world);
  const { scope } = await vaultOf(store, 'app');
  const asked = { name: 'greeting', nowSeconds: 1_800_000_000 };
  const removed = await readAlone(store, scope.require, lifeCycles.secrets.remove(scope, asked));
  assert.ok(removed.ok);
  await store.transact(removed.change ?? {});
  assert.deepEqual(await done(world), ['changed vaults.app.secrets.greeting']);
  assert.equal((await secretOf(store, 'app', 'greeting')).older, 0);
  assert.deepEqual(await done(world), []);
});

test('each change has an audit record in its transaction, without a value', async () => {
  const { store, done } = await opened();
  const changes = await done(world);
  const records = await store.list({ prefix: 'outbox/audit/', limit: 100 });
  const lines = records.map(({ value }) => Buffer.from(value).toString());
  const parsed = lines.map(
    (line) => JSON.parse(line) as { operationName: string; properties: { seed: { path: string; done: string } } },
  );
  assert.deepEqual(
    parsed.map(({ properties: { seed } }) => `${seed.done} ${seed.path}`),
    changes,
  );
  assert.deepEqual(
    parsed.map(({ operationName }) => operationName),
    [
      'MICROSOFT.RESOURCES/SUBSCRIPTIONS/RESOURCEGROUPS/WRITE',
      'MICROSOFT.NETWORK/VIRTUALNETWORKS/WRITE',
      'Add service principal',
      'Add service principal',
      'Add user',
      'VaultPut',
      'SecretSet',
      'SecretSet',
      'VaultPut',
      'SecretSet',
    ],
  );
  assert.ok(!lines.join().includes('hello') && !lines.join().includes('first '));
});

test('a key is made once, and never becomes another', async () => {
  const { store, done, refusal } = await opened();
  const keys: SeedFile = {
    vaults: { app: { keys: { signing: { kty: 'EC', crv: 'P-384' }, wrapping: { kty: 'RSA' } } } },
  };
  assert.deepEqual(await done(keys), [
    'added resourceGroup',
    'added vaults.app',
    'added vaults.app.keys.signing',
    'added vaults.app.keys.wrapping',
  ]);
  assert.deepEqual(await done(keys), []);
  const { scope } = await vaultOf(store, 'app');
  const [signing] = await readRecords(store, { get: [objectKeys(scope, 'keys').current('signing')] });
  const { material } = signing?.value.current ?? {};
  assert.deepEqual(material?.kty === 'EC' && material.crv, 'P-384');
  assert.match(
    await refusal({ vaults: { app: { keys: { signing: { kty: 'EC', crv: 'P-256' } } } } }),
    /^vaults\.app\.keys\.signing\.crv: the key that is there is \{"kty":"EC","crv":"P-384"\}, and a key cannot become another/,
  );
  assert.match(
    await refusal({ vaults: { app: { keys: { hard: { kty: 'EC-HSM' } } } } }),
    /^vaults\.app\.keys\.hard\.kty: Hardware key operation not allowed on standard vault\.$/,
  );
});

test('the demo is a seed', async () => {
  const { store, done } = await opened();
  assert.equal((await done(demoSeed)).length, 7);
  const { record } = await vaultOf(store, 'demo');
  const { networkAcls } = record.value.properties;
  assert.deepEqual([networkAcls?.defaultAction, networkAcls?.ipRules], ['Deny', [{ value: '203.0.113.7' }]]);
  assert.deepEqual(await done(demoSeed), []);
});
