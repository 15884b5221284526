import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { objectKeys, recoveryLevel } from '../../src/objects/object.ts';
import type { Outcome } from '../../src/objects/object.ts';
import { dueKey } from '../../src/schedule/due.ts';
import { Conflict, decode } from '../../src/store/store.ts';
import {
  actions,
  commit,
  purgeIfDue,
  getDeleted,
  getVersion,
  listDeleted,
  listObjects,
  listVersions,
  scope,
  versionIds,
} from './vault.ts';
import type { Scope } from './vault.ts';

type Change = (vault: Scope, newVersion: () => string) => Promise<Outcome<unknown>>;

const changes: Readonly<Record<string, Change>> = {
  set: (vault, newVersion) => actions.set(vault, 's', { version: newVersion(), now: 5, value: 'set' }),
  update: (vault) => actions.update(vault, 's', { version: undefined, now: 5, contentType: 'c' }),
  delete: (vault) => actions.delete(vault, 's', 5),
  recover: (vault) => actions.recover(vault, 's'),
  purge: (vault) => actions.purge(vault, 's'),
};

/** A vault with the secret `s`: not deleted if the changes need it so, otherwise deleted. */
async function prepared(alive: boolean) {
  const vault = scope();
  const newVersion = versionIds();
  for (const value of ['1', '2'])
    await commit(vault, actions.set(vault, 's', { version: newVersion(), now: 1, value }));
  if (!alive) await commit(vault, actions.delete(vault, 's', 2));
  return { vault, newVersion };
}

const all = (vault: Scope) => vault.store.list({ prefix: '', limit: 1000 });

suite('of two changes made from one state, the second one conflicts and changes nothing', () => {
  for (const alive of [true, false]) {
    const possible = Object.entries(changes).filter(([name]) => alive !== ['recover', 'purge'].includes(name));
    for (const [first, change] of possible) {
      for (const [second, other] of possible) {
        test(`${first}, then ${second}`, async () => {
          const { vault, newVersion } = await prepared(alive);
          const [winner, loser] = await Promise.all([change(vault, newVersion), other(vault, newVersion)]);
          assert.ok(winner.ok && loser.ok && winner.change !== undefined && loser.change !== undefined);
          await vault.store.transact(winner.change);
          const before = await all(vault);
          await assert.rejects(vault.store.transact(loser.change), Conflict);
          assert.deepEqual(await all(vault), before);
        });
      }
    }
  }

  test('the first version of a name, made twice', async () => {
    const vault = scope();
    const newVersion = versionIds();
    const made = await Promise.all([changes['set']?.(vault, newVersion), changes['set']?.(vault, newVersion)]);
    const [winner, loser] = made;
    assert.ok(winner?.ok && loser?.ok && winner.change !== undefined && loser.change !== undefined);
    await vault.store.transact(winner.change);
    await assert.rejects(vault.store.transact(loser.change), Conflict);
  });

  test('the first version of a name that was made and deleted meanwhile', async () => {
    const vault = scope();
    const newVersion = versionIds();
    const made = await changes['set']?.(vault, newVersion);
    await commit(vault, actions.set(vault, 's', { version: newVersion(), now: 3, value: '3' }));
    await commit(vault, actions.delete(vault, 's', 4));
    assert.ok(made?.ok && made.change !== undefined);
    await assert.rejects(vault.store.transact(made.change), Conflict);
  });

  test('an older version that is updated twice', async () => {
    const { vault, newVersion } = await prepared(true);
    const found = await getVersion(vault, 'secrets', { name: 's' });
    assert.ok(found.ok);
    const { version } = found.value.current;
    await commit(vault, actions.set(vault, 's', { version: newVersion(), now: 3, value: '3' }));
    const [winner, loser] = await Promise.all(
      ['a', 'b'].map((contentType) => actions.update(vault, 's', { version, now: 5, contentType })),
    );
    assert.ok(winner?.ok && loser?.ok && winner.change !== undefined && loser.change !== undefined);
    await vault.store.transact(winner.change);
    await assert.rejects(vault.store.transact(loser.change), Conflict);
  });

  test('a version that is updated while another one is added', async () => {
    const { vault, newVersion } = await prepared(true);
    const updated = await changes['update']?.(vault, newVersion);
    await commit(vault, actions.set(vault, 's', { version: newVersion(), now: 3, value: '3' }));
    assert.ok(updated?.ok && updated.change !== undefined);
    await assert.rejects(vault.store.transact(updated.change), Conflict);
  });
});

suite('nothing is read or changed by rules that were replaced', () => {
  const rules = 'vaults/v';

  async function underRules() {
    const { vault, newVersion } = await prepared(true);
    const [version = ''] = await vault.store.transact({ put: [{ key: rules, value: Buffer.from('1') }] });
    const judged = scope({ store: vault.store, require: [{ key: rules, version }] });
    const replace = () => vault.store.transact({ put: [{ key: rules, value: Buffer.from('2') }] });
    return { vault: judged, newVersion, replace };
  }

  const reads: Readonly<Record<string, (vault: Scope) => Promise<unknown>>> = {
    getVersion: (vault) => getVersion(vault, 'secrets', { name: 's' }),
    listObjects: (vault) => listObjects(vault, 'secrets', { after: undefined, limit: 25 }),
    listVersions: (vault) => listVersions(vault, 'secrets', { name: 's', after: undefined, limit: 25 }),
  };
  for (const [name, read] of Object.entries(reads)) {
    test(name, async () => {
      const { vault, replace } = await underRules();
      await read(vault);
      await replace();
      await assert.rejects(read(vault), { name: 'Conflict', key: rules });
    });
  }

  for (const name of ['set', 'update', 'delete'] as const) {
    test(name, async () => {
      const { vault, newVersion, replace } = await underRules();
      const made = await changes[name]?.(vault, newVersion);
      assert.ok(made?.ok && made.change !== undefined);
      await replace();
      await assert.rejects(vault.store.transact(made.change), { name: 'Conflict', key: rules });
      await assert.rejects(async () => changes[name]?.(vault, newVersion), { name: 'Conflict', key: rules });
    });
  }
});

suite('purge protection', () => {
  test('prevents the purge of a deleted secret, and nothing else', async () => {
    const { vault } = await prepared(false);
    const kept = scope({ store: vault.store, purgeProtection: true });
    const before = await all(vault);
    assert.deepEqual(await commit(kept, actions.purge(kept, 's')), { ok: false, refusal: { kind: 'purgeProtected' } });
    assert.deepEqual(await all(vault), before);
    assert.ok((await commit(kept, actions.recover(kept, 's'))).ok);
  });
});

test('a purge of many versions keeps the name taken until the last of them is gone', async () => {
  const vault = scope();
  const newVersion = versionIds();
  const stays = objectKeys(vault, 'secrets').current('s-2');
  for (let n = 0; n < 1_205; n += 1) {
    await commit(vault, actions.set(vault, 's', { version: newVersion(), now: n, value: 'v' }));
  }
  await commit(vault, actions.set(vault, 's-2', { version: newVersion(), now: 1, value: 'stays' }));
  await commit(vault, actions.delete(vault, 's', 9));
  assert.ok((await commit(vault, actions.purge(vault, 's'))).ok);
  const remnant = (await all(vault)).filter(({ key }) => key.includes('-deleted/'));
  assert.deepEqual(
    remnant.map((record) => decode(record)),
    [{ name: 's', purged: true }],
  );
  assert.deepEqual(await getDeleted(vault, 'secrets', 's'), {
    ok: false,
    refusal: { kind: 'deletedObjectNotFound', collection: 'secrets', name: 's' },
  });
  assert.deepEqual(await listDeleted(vault, 'secrets', { after: undefined, limit: 25 }), { items: [] });
  for (const [name, change] of Object.entries(changes)) {
    const missing = ['recover', 'purge'].includes(name) ? 'deletedObjectNotFound' : 'objectNotFound';
    const refusal =
      name === 'set'
        ? { kind: 'objectBeingDeleted', collection: 'secrets', creating: 's' }
        : { kind: missing, collection: 'secrets', name: 's' };
    assert.deepEqual(await change(vault, newVersion), { ok: false, refusal }, name);
  }
  const due = await purgeIfDue(vault, 'secrets', 's');
  assert.ok(due.done === 'cleared');
  await vault.store.transact(due.change);
  assert.deepEqual(
    (await all(vault)).map(({ key }) => key),
    [dueKey('purgeObject', 0, { vault: 'kv', incarnation: 'i', collection: 'secrets', name: 's' }), stays],
  );
  assert.ok((await commit(vault, actions.set(vault, 's', { version: newVersion(), now: 9, value: 'again' }))).ok);
});

test('recoveryLevel shows whether the retention is customized and whether there is purge protection', () => {
  const days = fc.integer({ min: 7, max: 90 });
  fc.assert(
    fc.property(days, fc.boolean(), (softDeleteRetentionInDays, purgeProtection) => {
      const level = recoveryLevel(scope({ softDeleteRetentionInDays, purgeProtection }));
      assert.equal(level.startsWith('Customized'), softDeleteRetentionInDays < 90);
      assert.equal(level.endsWith('+Purgeable'), !purgeProtection);
      assert.match(level, /^(Customized)?Recoverable(\+Purgeable)?$/);
    }),
  );
});
