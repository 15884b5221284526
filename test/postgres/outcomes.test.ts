import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode, Unavailable } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import { wayTo } from './cut.ts';
import { openSession, openStore, takeLock, until } from './sessions.ts';

const waiters = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
const changesOf = (key: string) => `select count(*) from postern.changes where key = '${key}'`;

async function valueOf(store: Store, key: string): Promise<string | undefined> {
  const [record] = await store.read({ get: [key] });
  return record && Buffer.from(record.value).toString();
}

if (havePostgres('unknown outcomes of changes in PostgreSQL')) {
  describe('a change whose connection was lost while it waited', () => {
    it('happens once, though the lost statement commits later', async () => {
      await using cluster = await startPostgres();
      await using way = await wayTo(cluster.url);
      await using store = await openStore(way.url);
      await using other = await openSession(cluster.url);
      await other.run(takeLock);
      const written = store.transact({ put: [{ key: 'orphan', value: encode(1) }] });
      await until(() => cluster.psql(waiters), '1');
      way.cut();
      await until(() => cluster.psql(waiters), '2');
      await other.run('commit');
      const [version] = await written;
      const [record] = await store.read({ get: ['orphan'] });
      assert.equal(record?.version, version);
      await until(() => cluster.psql(waiters), '0');
      assert.equal(await cluster.psql(changesOf('orphan')), '1');
    });

    it('is said to have happened or not, when that is not found out in time', async () => {
      await using cluster = await startPostgres();
      await using way = await wayTo(cluster.url);
      await using store = await openStore(way.url, { outcomeMs: 1 });
      await using other = await openSession(cluster.url);
      await other.run(takeLock);
      const written = store.transact({ put: [{ key: 'unknown', value: encode(1) }] });
      await until(() => cluster.psql(waiters), '1');
      way.cut();
      await assert.rejects(written, (error) => {
        assert.ok(error instanceof Unavailable && error.mayHaveHappened);
        assert.match(error.message, /it may have happened/);
        return true;
      });
      await other.run('commit');
      // It is the orphan's, or it never was: the next batch of the node ends that.
      await store.transact({ put: [{ key: 'next', value: encode(2) }] });
      assert.equal(await valueOf(store, 'next'), '2');
    });
  });

  describe('a change that finds the lock of the writers taken', () => {
    it('is refused after 2 seconds, and has not happened', async () => {
      await using cluster = await startPostgres();
      await using store = await openStore(cluster.url);
      await using other = await openSession(cluster.url);
      await other.run(takeLock);
      const refused = {
        name: 'Unavailable',
        mayHaveHappened: false,
        message: /held the lock of the writers for 2 seconds/,
      };
      await assert.rejects(store.transact({ put: [{ key: 'late', value: encode(1) }] }), refused);
      await other.run('commit');
      assert.equal(await valueOf(store, 'late'), undefined);
      await store.transact({ put: [{ key: 'late', value: encode(2) }] });
      assert.equal(await valueOf(store, 'late'), '2');
    });
  });

  describe('a heartbeat that joins, and arrives late from a connection that was lost', () => {
    it('leaves the number and the outcomes of the last batch as they are', async () => {
      await using cluster = await startPostgres();
      await using store = await openStore(cluster.url);
      await store.transact({ put: [{ key: 'once', value: encode(1) }] });
      const batches = 'select number, outcomes, session from postern.sessions';
      const before = await cluster.psql(batches);
      await cluster.psql(
        `select verdict from postern.sessions s, postern.pulse(s.node, s.session, 'one', '{}', 'joins', 2000)`,
      );
      assert.equal(await cluster.psql(batches), before);
      await store.transact({ put: [{ key: 'once', value: encode(2) }] });
      await cluster.psql(
        `select verdict from postern.sessions s, postern.pulse(s.node, 'another', 'one', '{}', 'joins', 2000)`,
      );
      assert.match(await cluster.psql(batches), /^0\|/);
    });
  });

  describe('a change whose wait for the standby is cancelled', () => {
    it('is not acknowledged before the standby has it, where the role is sent no warnings', async () => {
      await using cluster = await startPostgres({ standby: 'sync' });
      await cluster.psql('alter role postgres set client_min_messages = error');
      await using store = await openStore(cluster.url, { patienceMs: 60_000, outcomeMs: 60_000 });
      const waiting = `select coalesce(max(pid), 0) from pg_stat_activity where wait_event = 'SyncRep' and query like '%transact(%'`;
      await cluster.standby?.pause();
      let isAcknowledged = false;
      const written = store.transact({ put: [{ key: 'waits', value: encode(1) }] }).then((versions) => {
        isAcknowledged = true;
        return versions;
      });
      let pid = '0';
      await until(async () => ((pid = await cluster.psql(waiting)) === '0' ? 'none' : 'waits'), 'waits');
      await cluster.psql(`select pg_cancel_backend(${pid})`);
      // It was committed here although the wait was cancelled, and is not there.
      await until(() => cluster.psql(changesOf('waits')), '1');
      await until(async () => ((await cluster.psql(waiting)) === '0' ? 'none' : 'waits'), 'waits');
      assert.equal(isAcknowledged, false);
      await cluster.standby?.resume();
      await written;
      assert.equal(await cluster.psql(changesOf('waits')), '1');
    });
  });
}
