import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  headerBinding,
  identitiesBoundTo,
  setResourceIdentities,
  workloadBinding,
} from '../../src/directory/bindings.ts';
import { addToGroups } from '../../src/directory/client-registration.ts';
import { findClient } from '../../src/directory/clients.ts';
import { globalAdministrators } from '../../src/directory/groups.ts';
import { groupsOf, removeMember } from '../../src/directory/memberships.ts';
import { findByName, findObject } from '../../src/directory/objects.ts';
import { createManagedIdentity } from '../../src/directory/service-principals.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { registerClients } from '../../src/setup/clients.ts';
import { openIdentity } from '../../src/setup/identity.ts';
import { registerUsers } from '../../src/setup/users.ts';
import { bindWorkloads } from '../../src/setup/workloads.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { commit, tenant } from '../authority/world.ts';

const clientId = 'a0000000-0000-4000-8000-000000000001';
const [one, two, three] = [1, 2, 3].map((number) => `e0000000-0000-4000-8000-00000000000${number}`);
const header = 'h'.repeat(32);

const noFile = (path: string): string => assert.fail(`${path} was read`);

/** One start with this configuration file. */
async function start(store: Store, config: object, now = 1): Promise<void> {
  const read = readSettings({
    argv: ['--config', 'postern.json'],
    environment: {},
    readFile: () => JSON.stringify(config),
    folder: '/',
  });
  assert.ok(read.ok, JSON.stringify(read));
  const { clients, users, workloads }: Settings = read.settings;
  await registerClients(store, clients, { tenantId: tenant, readFile: noFile });
  await bindWorkloads(store, workloads);
  await registerUsers(store, users, { tenantId: tenant, now });
}

const find = (store: Store) => findClient(store, tenant, clientId);

test('a client keeps its object id, and its groups are those of the file and those of Graph', async () => {
  const store = memoryStore();
  await start(store, { clients: [{ clientId, secret: 's', groups: [one, two] }] });
  const client = await find(store);
  const id = client?.objectId ?? '';
  assert.equal(client?.secrets.length, 1);
  await store.transact(await addToGroups(store, { tenantId: tenant, member: id, groups: [three ?? ''] }));
  await start(store, { clients: [{ clientId, secret: 't', groups: [two] }] });
  assert.equal((await find(store))?.objectId, id);
  assert.deepEqual((await groupsOf(store, { tenantId: tenant, id })).toSorted(), [two, three]);

  await start(store, {});
  assert.equal(await find(store), undefined);
  assert.deepEqual(await groupsOf(store, { tenantId: tenant, id }), []);
});

test('a binding of a managed identity is removed with its line in the file', async () => {
  const store = memoryStore();
  const identity = { clientId, managedIdentity: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a' };
  const workloads = [{ subnet: one, address: '10.0.0.4' }];
  const bindings = [headerBinding(header), workloadBinding(one ?? '', '10.0.0.4')];
  const bound = async () => {
    const counts = await Promise.all(bindings.map(async (binding) => (await identitiesBoundTo(store, binding)).length));
    return counts;
  };
  await start(store, { clients: [{ ...identity, identityHeader: header, workloads }] });
  assert.deepEqual(await bound(), [1, 1]);
  await start(store, { clients: [{ ...identity, workloads }] });
  assert.deepEqual(await bound(), [0, 1]);
  await start(store, { clients: [{ ...identity, workloads, objectId: two }] });
  assert.deepEqual(await bound(), [0, 1]);
  assert.equal((await find(store))?.objectId, two);
  await start(store, {});
  assert.deepEqual(await bound(), [0, 0]);
});

test('a workload is bound to its resource only, and only as long as the file says so', async () => {
  const store = memoryStore();
  const resourceId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a';
  const principal = { id: one ?? '', tenantId: tenant, appId: clientId, displayName: 'a' };
  const made = await createManagedIdentity(store, { ...principal, resourceId }, 0);
  assert.ok(made.ok);
  await store.transact(made.change);
  await store.transact(setResourceIdentities(resourceId.toUpperCase(), [principal]));
  const addresses = [{ subnet: one, address: '10.0.0.4' }];
  const bindings = [headerBinding(header), workloadBinding(one ?? '', '10.0.0.4')];
  const bound = () =>
    Promise.all(
      bindings.map(async (binding) =>
        (await identitiesBoundTo(store, binding)).map(({ principal: { displayName } }) => displayName),
      ),
    );
  await start(store, { workloads: [{ resourceId, identityHeader: header, addresses }] });
  assert.deepEqual(await bound(), [['a'], ['a']]);
  await start(store, { workloads: [{ resourceId, addresses }] });
  assert.deepEqual(await bound(), [[], ['a']]);
  await start(store, { workloads: [{ resourceId: `${resourceId}b`, identityHeader: header, addresses }] });
  assert.deepEqual(await bound(), [[], []], 'the other resource has no identity');
  await start(store, { workloads: [{ resourceId, addresses }] });
  await store.transact(setResourceIdentities(resourceId, []));
  assert.deepEqual(await bound(), [[], []], 'the resource no longer has an identity');
});

test('a client can change from managed identity to application and back', async () => {
  const store = memoryStore();
  const place = { tenantId: tenant, kind: 'application' } as const;
  await start(store, { clients: [{ clientId, secret: 's' }] });
  assert.ok((await findByName(store, place, clientId)) !== undefined);
  await start(store, { clients: [{ clientId, secret: 's', managedIdentity: '/subscriptions/s' }] });
  assert.equal(await findByName(store, place, clientId), undefined);
  assert.equal((await find(store))?.managedIdentity, '/subscriptions/s');
  assert.equal((await find(store))?.secrets.length, 1, 'a trusted service has both');
  await start(store, { clients: [{ clientId, secret: 's' }] });
  assert.equal((await find(store))?.managedIdentity, undefined);
});

test('a user stays signed in after a start with the same password, but not with a new one', async () => {
  const store = memoryStore();
  const ada = { userPrincipalName: 'ada@contoso.example', password: 'correct horse', groups: [one] };
  const read = async () => {
    const found = await findByName(store, { tenantId: tenant, kind: 'user' }, ada.userPrincipalName);
    return found?.record;
  };
  await start(store, { users: [ada] }, 1);
  const first = await read();
  assert.equal(first?.displayName, ada.userPrincipalName);
  assert.deepEqual(await groupsOf(store, { tenantId: tenant, id: first.id }), [one]);
  await start(store, { users: [{ ...ada, displayName: 'Ada', groups: [two] }] }, 2);
  assert.deepEqual(await read(), { ...first, displayName: 'Ada' });
  assert.deepEqual(await groupsOf(store, { tenantId: tenant, id: first.id }), [two]);
  await start(store, { users: [{ ...ada, password: 'another password' }] }, 3);
  const changed = await read();
  assert.equal(changed?.signInSessionsValidFrom, 3);
  assert.notEqual(changed.passwordHash, first.passwordHash);
  await start(store, {}, 4);
  assert.equal(await read(), undefined);
});

test("an invalid user makes the start fail with the user's name and the rule", async () => {
  const users = [{ userPrincipalName: 'ada@contoso.example', password: 'short' }];
  await assert.rejects(start(memoryStore(), { users }), {
    name: 'RangeError',
    message:
      'the user ada@contoso.example of the configuration file cannot be registered: passwordProfile.password: it must have ' +
      '8 to 256 characters',
  });
});

test("the server's own client is an administrator of the directory at every start", async () => {
  const store = memoryStore();
  const { tenantId, objectId } = await openIdentity(store, { demo: false, now: 1 });
  const membership = { tenantId, group: globalAdministrators, member: objectId };
  assert.deepEqual(await groupsOf(store, { tenantId, id: objectId }), [globalAdministrators]);
  await commit(store, await removeMember(store, membership));
  assert.deepEqual(await groupsOf(store, { tenantId, id: objectId }), []);
  await openIdentity(store, { demo: false, now: 1 });
  assert.deepEqual(await groupsOf(store, { tenantId, id: objectId }), [globalAdministrators]);
  const group = await findObject(store, { tenantId, kind: 'group' }, globalAdministrators);
  assert.equal(group?.record.displayName, 'Global Administrator');
});
