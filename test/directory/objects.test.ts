import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createApplication, deleteApplication, updateApplication } from '../../src/directory/applications.ts';
import { addPassword, removePassword } from '../../src/directory/credentials.ts';
import { createGroup } from '../../src/directory/groups.ts';
import { addMember, groupsOf, membersOf, removeMember } from '../../src/directory/memberships.ts';
import {
  directoryIds,
  findAny,
  findByName,
  findObject,
  listObjects,
  removeObject,
} from '../../src/directory/objects.ts';
import { createManagedIdentity, createServicePrincipal } from '../../src/directory/service-principals.ts';
import { createUser, updateUser } from '../../src/directory/users.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { Conflict } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { commit, tenant } from '../authority/world.ts';

const place = { tenantId: tenant, kind: 'user' } as const;
const ada = (others: object = {}) => ({
  id: randomUUID(),
  tenantId: tenant,
  userPrincipalName: 'Ada@contoso.example',
  displayName: 'Ada',
  ...others,
});

async function newGroup(store: Store): Promise<string> {
  const id = randomUUID();
  await commit(store, await createGroup(store, { id, tenantId: tenant, displayName: 'g', mailNickname: 'g' }, 0));
  return id;
}

test('a user is found by name in any letter case, and by no other name', async () => {
  const store = memoryStore();
  const made = await commit(store, await createUser(store, ada(), 5));
  assert.deepEqual((await findByName(store, place, 'ADA@CONTOSO.EXAMPLE'))?.record, made);
  assert.equal((await findObject(store, place, made.id.toUpperCase()))?.record.createdAt, 5);
  for (const other of ['ada@contoso.example ', 'ada', '', 'é', '\ud800', 'a'.repeat(300)]) {
    assert.equal(await findByName(store, place, other), undefined, other);
  }
  assert.equal(await findByName(store, { tenantId: randomUUID(), kind: 'user' }, made.userPrincipalName), undefined);
});

test('a name belongs to one object, also when two request it at the same time', async () => {
  const store = memoryStore();
  const [one, two] = await Promise.all([createUser(store, ada(), 0), createUser(store, ada(), 0)]);
  await commit(store, one);
  assert.ok(two.ok);
  await assert.rejects(store.transact(two.change), Conflict);
  const third = await createUser(store, ada({ userPrincipalName: 'ADA@contoso.example' }), 0);
  assert.deepEqual(third, {
    ok: false,
    refusal: { kind: 'nameTaken', objectKind: 'user', name: 'ADA@contoso.example' },
  });
});

test('a new name is found, the old one is free, and another letter case is the same name', async () => {
  const store = memoryStore();
  const { id } = await commit(store, await createUser(store, ada(), 0));
  for (const userPrincipalName of ['ADA@contoso.example', 'lovelace@contoso.example']) {
    const before = await findObject(store, place, id);
    assert.ok(before !== undefined);
    await commit(store, await updateUser(store, { before, now: 1 }, { userPrincipalName }));
    assert.equal((await findByName(store, place, userPrincipalName))?.record.userPrincipalName, userPrincipalName);
  }
  assert.equal(await findByName(store, place, 'ada@contoso.example'), undefined);
  await commit(store, await createUser(store, ada(), 0));
});

test('an invalid user is refused with the property and its rule', async () => {
  const store = memoryStore();
  const cases = [
    [{ userPrincipalName: 'ada' }, 'userPrincipalName', /alias@domain/],
    [{ userPrincipalName: `${'a'.repeat(110)}@b.c` }, 'userPrincipalName', /at most 113/],
    [{ displayName: '' }, 'displayName', /1 to 256/],
    [{ password: 'seven77' }, 'passwordProfile.password', /8 to 256/],
  ] as const;
  for (const [others, property, rule] of cases) {
    const made = await createUser(store, ada(others), 0);
    assert.ok(!made.ok && made.refusal.kind === 'propertyInvalid');
    assert.equal(made.refusal.property, property);
    assert.match(made.refusal.rule, rule);
  }
  assert.deepEqual(await store.list({ prefix: '', limit: 1 }), []);
  assert.ok((await createUser(store, ada({ password: 'eight888' }), 0)).ok);
});

test('a new password or a disabled account ends all sign-in sessions; a new name does not', async () => {
  const store = memoryStore();
  const { id } = await commit(store, await createUser(store, ada({ password: 'eight888' }), 1));
  const changes = [
    [{ displayName: 'A.' }, 1],
    [{ password: 'nine 9999' }, 20],
    [{ accountEnabled: false }, 30],
    [{ accountEnabled: true }, 30],
  ] as const;
  for (const [index, [properties, since]] of changes.entries()) {
    const before = await findObject(store, place, id);
    assert.ok(before !== undefined);
    const after = await commit(store, await updateUser(store, { before, now: 10 * (index + 1) }, properties));
    assert.equal(after.signInSessionsValidFrom, since, JSON.stringify(properties));
    assert.equal(JSON.stringify(after).includes('nine'), false);
  }
});

test('memberships through groups count, whatever graph they form, as in a model', async () => {
  const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(edges, async (pairs) => {
      const store = memoryStore();
      const groups: string[] = [];
      for (let made = 0; made < 6; made += 1) groups.push(await newGroup(store));
      const into = new Map(groups.map((group) => [group, new Set<string>()]));
      for (const [from, to] of pairs) {
        const [member = '', group = ''] = [groups[from], groups[to]];
        const known = into.get(member)?.has(group) === true;
        const added = await addMember(store, { tenantId: tenant, group, member });
        assert.equal(added.ok ? 'added' : added.refusal.kind, known ? 'memberAlready' : 'added');
        if (added.ok) await store.transact(added.change);
        into.get(member)?.add(group);
      }
      for (const id of groups) {
        const reached = new Set<string>();
        for (const left = [id]; left.length > 0;) {
          for (const group of into.get(left.pop() ?? '') ?? []) {
            if (!reached.has(group) && group !== id) left.push(group);
            if (group !== id) reached.add(group);
          }
        }
        assert.deepEqual((await groupsOf(store, { tenantId: tenant, id })).toSorted(), [...reached].toSorted());
      }
    }),
    { numRuns: 40 },
  );
});

test('a deleted object leaves only a mark that keeps its id from being used again', async () => {
  const store = memoryStore();
  const [group, above] = [await newGroup(store), await newGroup(store)];
  const { id: member } = await commit(store, await createUser(store, ada(), 0));
  await commit(store, await addMember(store, { tenantId: tenant, group, member }));
  await commit(store, await addMember(store, { tenantId: tenant, group: above, member: group }));
  assert.deepEqual(await groupsOf(store, { tenantId: tenant, id: member }), [group, above]);

  const stored = await findObject(store, { tenantId: tenant, kind: 'group' }, group);
  assert.ok(stored !== undefined);
  await store.transact(await removeObject(store, 'group', stored));
  assert.deepEqual(await groupsOf(store, { tenantId: tenant, id: member }), []);
  const all = { after: undefined, limit: 10 };
  assert.deepEqual(await membersOf(store, { tenantId: tenant, group: above }, all), []);

  await commit(store, await addMember(store, { tenantId: tenant, group: above, member }));
  const user = await findObject(store, place, member);
  assert.ok(user !== undefined);
  await store.transact(await removeObject(store, 'user', user));
  const left = await store.list({ prefix: 'directory/', limit: 10 });
  assert.deepEqual(
    left.map(({ key }) => key),
    [
      ...[group, member].toSorted().map((id) => `directory/${tenant}/deleted/${id}`),
      `directory/${tenant}/group/${above}`,
    ],
  );
  const asked = [above.toUpperCase(), group, member, randomUUID(), 'no-guid'];
  assert.deepEqual(await directoryIds(store, tenant, asked), new Set([above, group, member]));
});

test('a member must exist, must not be an application, and must still exist at the commit', async () => {
  const store = memoryStore();
  const group = await newGroup(store);
  const appId = randomUUID();
  const application = { id: randomUUID(), tenantId: tenant, appId, displayName: 'app' };
  await commit(store, await createApplication(store, application, 0));
  for (const member of [randomUUID(), application.id]) {
    const added = await addMember(store, { tenantId: tenant, group, member });
    assert.deepEqual(added, { ok: false, refusal: { kind: 'objectNotFound', id: member } });
  }
  const { id: member } = await commit(store, await createUser(store, ada(), 0));
  const added = await addMember(store, { tenantId: tenant, group, member });
  assert.ok(added.ok);
  const user = await findObject(store, place, member);
  assert.ok(user !== undefined);
  await store.transact(await removeObject(store, 'user', user));
  await assert.rejects(store.transact(added.change), Conflict);
  const removed = await removeMember(store, { tenantId: tenant, group, member });
  assert.deepEqual(removed, { ok: false, refusal: { kind: 'objectNotFound', id: member } });
});

test('an application and its service principal are renamed and deleted together', async () => {
  const store = memoryStore();
  const [id, appId] = [randomUUID(), randomUUID()];
  const applications = { tenantId: tenant, kind: 'application' } as const;
  const principals = { tenantId: tenant, kind: 'servicePrincipal' } as const;
  const unknown = await createServicePrincipal(store, { id: randomUUID(), tenantId: tenant, appId }, 0);
  assert.deepEqual(unknown, { ok: false, refusal: { kind: 'applicationUnknown', appId } });
  await commit(store, await createApplication(store, { id, tenantId: tenant, appId, displayName: 'app' }, 0));
  const principal = { id: randomUUID(), tenantId: tenant, appId };
  await commit(store, await createServicePrincipal(store, principal, 0));
  const again = await createServicePrincipal(store, { ...principal, id: randomUUID() }, 0);
  assert.ok(!again.ok && again.refusal.kind === 'nameTaken');

  const uri = 'api://Robot';
  const stored = await findObject(store, applications, id);
  assert.ok(stored !== undefined);
  const changed = await updateApplication(store, stored, { displayName: 'robot', identifierUris: [uri] });
  await commit(store, changed);
  const found = await findByName(store, principals, uri.toLowerCase());
  assert.deepEqual(found?.record.servicePrincipalNames, [appId, uri]);
  assert.equal(found.record.displayName, 'robot');

  const now = await findObject(store, applications, id);
  assert.ok(now !== undefined);
  await store.transact(await deleteApplication(store, now));
  const left = await store.list({ prefix: 'directory/', limit: 10 });
  assert.deepEqual(
    left.map(({ key }) => key),
    [id, principal.id].toSorted().map((gone) => `directory/${tenant}/deleted/${gone}`),
  );
});

test('a secret is generated and shown once, and can be removed by its id', async () => {
  const store = memoryStore();
  const id = randomUUID();
  await commit(
    store,
    await createApplication(store, { id, tenantId: tenant, appId: randomUUID(), displayName: 'a' }, 0),
  );
  const read = async () => {
    const stored = await findObject(store, { tenantId: tenant, kind: 'application' }, id);
    assert.ok(stored !== undefined);
    return stored;
  };
  const add = async (others: object = {}) =>
    addPassword(store, { kind: 'application', before: await read(), now: 1000 }, { keyId: randomUUID(), ...others });
  const { credential, secret } = await commit(store, await add());
  assert.match(secret, /^[\w-]{40}$/);
  assert.equal(credential.hint, secret.slice(0, 3));
  assert.equal(credential.endDateTime, 1000 + 2 * 365 * 86_400_000);
  assert.equal(JSON.stringify(await read()).includes(secret), false);

  const backwards = await add({ startDateTime: 5, endDateTime: 5 });
  assert.ok(!backwards.ok && backwards.refusal.kind === 'propertyInvalid');
  for (let more = 0; more < 3; more += 1) await commit(store, await add());
  const fifth = await add();
  assert.deepEqual(fifth, { ok: false, refusal: { kind: 'tooMany', what: 'passwordCredentials', max: 4 } });

  const remove = async (keyId: string) => removePassword(store, { kind: 'application', before: await read() }, keyId);
  await commit(store, await remove(credential.keyId.toUpperCase()));
  assert.deepEqual(await remove(credential.keyId), {
    ok: false,
    refusal: { kind: 'credentialNotFound', keyId: credential.keyId },
  });
  assert.equal((await read()).record.passwordCredentials.length, 3);
});

test('a managed identity has no application, and shows whether it is user-assigned', async () => {
  const store = memoryStore();
  const group = '/subscriptions/s/resourceGroups/g/providers';
  const cases = [
    [`${group}/Microsoft.Web/sites/app`, 'isExplicit=False'],
    [`${group}/Microsoft.ManagedIdentity/userAssignedIdentities/id`, 'isExplicit=True'],
  ] as const;
  for (const [resourceId, explicit] of cases) {
    const identity = { id: randomUUID(), tenantId: tenant, appId: randomUUID(), displayName: 'i', resourceId };
    const made = await commit(store, await createManagedIdentity(store, identity, 0));
    assert.equal(made.servicePrincipalType, 'ManagedIdentity');
    assert.deepEqual(made.alternativeNames, [explicit, resourceId]);
  }
  const applications = { tenantId: tenant, kind: 'application' } as const;
  assert.deepEqual(await listObjects(store, applications, { after: undefined, limit: 5 }), []);
});

test('objects of several kinds are found by their ids, in the order of the ids', async () => {
  const store = memoryStore();
  const group = await newGroup(store);
  const { id: user } = await commit(store, await createUser(store, ada(), 0));
  const found = await findAny(store, tenant, [user, 'x', randomUUID(), group.toUpperCase()]);
  assert.deepEqual(
    found.map(({ kind, record }) => [kind, record.id]),
    [
      ['user', user],
      ['group', group],
    ],
  );
});
