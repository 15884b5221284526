/** A database whose rows its administrator has edited, or that knows more of a process than the process itself. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { openPostgresStore } from '../../src/store/postgres/postgres.ts';
import type { PostgresStore } from '../../src/store/postgres/postgres.ts';
import { Unavailable } from '../../src/store/store.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import type { Cluster } from './cluster.ts';

const name = 'a database that its administrator edits';

if (havePostgres(name)) {
  suite(name, () => {
    let cluster: Cluster;
    let sql: postgres.Sql;
    before(async () => {
      cluster = await startPostgres();
      sql = postgres(cluster.url, { max: 1, onnotice: () => undefined });
    });
    after(async () => {
      await sql.end();
      await cluster[Symbol.asyncDispose]();
    });

    const open = (id: string): Promise<PostgresStore> =>
      openPostgresStore({ url: cluster.url, node: { id, name: id, details: {} }, now: Date.now });
    const put = (store: PostgresStore, key: string) => store.transact({ put: [{ key, value: Buffer.from('x') }] });
    const until = async (isSo: () => boolean | Promise<boolean>) => {
      for (let tries = 0; tries < 2_000 && !(await isSo()); tries += 1) await sleep(10);
      assert.ok(await isSo());
    };

    test('a process that was put back to an earlier state is told of no change that it has not made, and ends', async () => {
      const store = await open('put-back');
      await put(store, 'before');
      // The batches that the process made after its snapshot: it will use their numbers again.
      await sql`update postern.sessions set number = number + 3, digest = 'other', outcomes = array[''] where node = 'put-back'`;
      for (const key of ['first', 'second', 'third', 'fourth']) {
        const isAcknowledged = await put(store, key).then(
          () => true,
          (error: unknown) => {
            assert.ok(error instanceof Unavailable, String(error));
            return false;
          },
        );
        const { length } = await sql`select key from postern.records where key = ${key}`;
        assert.equal(length === 1, isAcknowledged, key);
      }
      // A heartbeat sees it where the process does not catch up.
      await sql`update postern.sessions set number = number + 1000 where node = 'put-back'`;
      await until(() => !store.state().reachable);
      await assert.rejects(store.read({ get: ['before'] }), /changes of this process that it has not made.*restart it/);
      await store.close();
    });

    test('a batch that is sent twice has one outcome, and another batch with its number has none', async () => {
      const store = await open('twice');
      await put(store, 'twice');
      const [kept] = await sql<
        { session: string; number: string; digest: string }[]
      >`select session, number::text, digest from postern.sessions where node = 'twice'`;
      assert.ok(kept !== undefined);
      const { session, number, digest } = kept;
      const sent = async (as: string) => {
        const [row] =
          await sql`select verdict from postern.transact('twice', ${session}, ${number}, ${as}, '[]', '', 100, 2000)`;
        return String(row?.['verdict']);
      };
      assert.equal(await sent(digest), 'done');
      assert.equal(await sent('another'), 'superseded');
      await store.close();
    });

    test('a node that wakes up before it is removed stays, and one that was removed ends', async () => {
      const [one, other] = [await open('one'), await open('other')];
      assert.equal(await one.nodes.remove('other', 10_000), false);
      await put(other, 'alive');
      assert.equal(await one.nodes.remove('other', 0), true);
      assert.equal(await one.nodes.remove('other', 0), false);
      await until(() => !other.state().reachable);
      await assert.rejects(put(other, 'removed'), /this node was removed by an operator/);
      await Promise.all([one.close(), other.close()]);
      // Its next process joins again.
      const again = await open('other');
      await put(again, 'again');
      await again.close();
    });

    test('a row with times that no date can have is listed as one that was not heard of', async () => {
      const store = await open('lists');
      for (const [id, time] of [
        ['a', 'infinity'],
        ['b', '-infinity'],
        ['c', '290000-01-01'],
      ] as const)
        await sql.unsafe(`insert into postern.nodes (id, session, name, started, seen, details)
          values ('${id}', 's', '${id}', '${time}', '${time}', '[]')`);
      const { nodes } = await store.nodes.list();
      assert.deepEqual(
        nodes.slice(0, 3).map(({ startedMs, seenMs }) => [startedMs, seenMs]),
        [
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      );
      await store.close();
    });
  });
}
