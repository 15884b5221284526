import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Conflict, encode } from '../../src/store/store.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import { openSession, openStore, takeLock, until } from './sessions.ts';

const waiters = "select count(*) from pg_locks where locktype = 'advisory' and not granted";

if (havePostgres('the isolation of the store in PostgreSQL', { bouncer: true })) {
  describe('a database whose sessions begin with another isolation', () => {
    for (const isolation of ['repeatable read', 'serializable']) {
      it(`accepts no rule that was replaced while a change waited: ${isolation}`, async () => {
        await using cluster = await startPostgres();
        await cluster.psql(`alter role postgres set default_transaction_isolation = '${isolation}'`);
        await using store = await openStore(cluster.url);
        const [version = ''] = await store.transact({ put: [{ key: 'rule', value: encode(1) }] });
        await using other = await openSession(cluster.url);
        await other.run(takeLock);
        const require = [{ key: 'rule', version }];
        const near = [{ key: 'beside', version: null }];
        // Heard from the beginning: the answer may come with that to the other session's commit.
        const refused = assert.rejects(
          store.transact({ require, put: [{ key: 'by-the-rule', value: encode(1) }] }),
          (error) => error instanceof Conflict && error.key === 'rule',
        );
        const beside = store.transact({ require: near, put: [{ key: 'beside-it', value: encode(1) }] });
        await until(() => cluster.psql(waiters), '1');
        await other.run("update postern.records set version = 'replaced' where key = 'rule'");
        await other.run('commit');
        await refused;
        await beside;
        await assert.rejects(store.read({ require, get: ['beside-it'] }), { name: 'Conflict', key: 'rule' });
      });
    }

    it('is written to although its sessions begin as read-only', async () => {
      await using cluster = await startPostgres();
      await using first = await openStore(cluster.url);
      await first.transact({ put: [{ key: 'a', value: encode(1) }] });
      await cluster.psql('alter role postgres set default_transaction_read_only = on');
      await using store = await openStore(cluster.url, { node: { id: 'two', name: 'two', details: {} } });
      await store.transact({ put: [{ key: 'a', value: encode(2) }] });
      const [record] = await first.read({ get: ['a'] });
      assert.equal(record && Buffer.from(record.value).toString(), '2');
    });
  });

  describe('a pooler that gives each statement to any session', () => {
    it('passes on what another client has set, which changes nothing', async () => {
      await using cluster = await startPostgres({ bouncer: true });
      await using store = await openStore(cluster.bouncerUrl);
      await using direct = await openStore(cluster.url, { node: { id: 'two', name: 'two', details: {} } });
      const sessions = await Promise.all(Array.from({ length: 8 }, () => openSession(cluster.bouncerUrl)));
      for (const setting of ["default_transaction_isolation = 'serializable'", "bytea_output = 'escape'"]) {
        // At once, so that each is given another session of the server.
        await Promise.all(
          sessions.map((session) => session.run(`begin; set ${setting}; select pg_sleep(0.05); commit`)),
        );
      }
      const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      for (let round = 0; round < 20; round += 1) {
        const [version = ''] = await direct.transact({ put: [{ key: 'rule', value: encode(round) }] });
        await store.transact({ require: [{ key: 'rule', version }], put: [{ key: 'bytes', value }] });
        const stale = { require: [{ key: 'rule', version: 'stale' }], put: [{ key: 'bytes', value }] };
        await assert.rejects(store.transact(stale), { name: 'Conflict', key: 'rule' });
        const [record] = await store.read({ get: ['bytes'] });
        assert.deepEqual(record?.value, value);
      }
      for (const session of sessions) await session[Symbol.asyncDispose]();
    });

    it('is asked without prepared statements where it does not keep them apart', async () => {
      await using cluster = await startPostgres({ bouncer: true, bouncerSettings: ['max_prepared_statements = 0'] });
      await using one = await openStore(cluster.bouncerUrl);
      await using two = await openStore(cluster.bouncerUrl, { node: { id: 'two', name: 'two', details: {} } });
      for (let round = 0; round < 30; round += 1) {
        const stores = round % 2 === 0 ? [one, two] : [two, one];
        await stores[0]?.transact({ put: [{ key: 'a', value: encode(round) }] });
        const records = await stores[1]?.read({ get: ['a'] });
        assert.equal(Buffer.from(records?.[0]?.value ?? []).toString(), String(round));
      }
    });
  });
}
