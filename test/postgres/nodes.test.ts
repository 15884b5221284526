import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Conflict, encode } from '../../src/store/store.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { openStore, until } from './sessions.ts';

const child = fileURLToPath(new URL('follow-child.ts', import.meta.url));
const nodeOf = (id: string) => ({ node: { id, name: id, details: { of: id } } });

if (havePostgres('nodes that share a store in PostgreSQL', { bouncer: true })) {
  for (const way of ['url', 'bouncerUrl'] as const) {
    describe(`nodes that share a store in PostgreSQL, by its ${way}`, () => {
      let cluster: Cluster;
      before(async () => {
        cluster = await startPostgres({ bouncer: true });
      });
      after(() => cluster[Symbol.asyncDispose]());

      it('write at once in processes of their own, and the changes are followed without a gap', async () => {
        await using store = await openStore(cluster[way], nodeOf('follower'));
        const start = await store.changes(undefined, 1);
        const ids = ['a', 'b', 'c'];
        const ended = ids.map(async (id) => {
          const running = spawn(process.execPath, [child, cluster[way], id], {
            stdio: ['ignore', 'ignore', 'inherit'],
          });
          await once(running, 'exit');
          return running.exitCode;
        });
        const found: string[] = [];
        let cursor = start.cursor;
        let woken = Promise.withResolvers<void>();
        const stop = store.committed(() => woken.resolve());
        while (found.length < 3_000) {
          const changes = await store.changes(cursor, 100);
          assert.ok(!changes.expired);
          found.push(...changes.keys);
          cursor = changes.cursor;
          if (changes.more || found.length >= 3_000) continue;
          await woken.promise;
          woken = Promise.withResolvers();
        }
        stop();
        assert.deepEqual(await Promise.all(ended), [0, 0, 0]);
        assert.equal(new Set(found).size, 3_000);
        const positions = await cluster.psql('select count(*), max(position) - min(position) from postern.changes');
        assert.equal(positions, '3000|2999');
      });

      it('are listed by what they say, until they leave or are removed', async () => {
        await using one = await openStore(cluster[way], nodeOf('one'));
        await using two = await openStore(cluster[way], nodeOf('two'));
        const { nowMs, nodes } = await one.nodes.list();
        const found = nodes.find(({ id }) => id === 'two');
        assert.deepEqual([found?.name, found?.details], ['two', { of: 'two' }]);
        assert.ok(found !== undefined && found.startedMs <= found.seenMs && found.seenMs <= nowMs);
        await two.nodes.describe({ state: 'serving' });
        const told = (await one.nodes.list()).nodes.find(({ id }) => id === 'two');
        assert.deepEqual(told?.details, { state: 'serving' });
        await two.nodes.leave();
        assert.equal(
          (await one.nodes.list()).nodes.some(({ id }) => id === 'two'),
          false,
        );
        await two.transact({ put: [{ key: 'after-leaving', value: encode(1) }] });
        assert.equal((await two.read({ get: ['after-leaving'] })).length, 1);
        assert.equal(await one.nodes.remove('nobody', 0), false);
      });

      it('are answered no more after another process has their id, or they were removed', async () => {
        await using first = await openStore(cluster[way], nodeOf('twice'));
        await using second = await openStore(cluster[way], nodeOf('twice'));
        await second.transact({ put: [{ key: 'a', value: encode(1) }] });
        const write = { put: [{ key: 'a', value: encode(2) }] };
        await assert.rejects(first.transact(write), { name: 'Unavailable', mayHaveHappened: false });
        await until(async () => (first.state().reachable ? 'yes' : 'no'), 'no');
        await assert.rejects(first.read({ get: ['a'] }), { message: /another process has this node now/ });
        assert.equal(await second.nodes.remove('twice', 0), true);
        await until(async () => (second.state().reachable ? 'yes' : 'no'), 'no');
        await assert.rejects(second.read({ get: ['a'] }), { message: /removed by an operator/ });
        await assert.rejects(second.transact(write), { name: 'Unavailable' });
      });
    });

    describe(`turns of a record in PostgreSQL, by its ${way}`, () => {
      let cluster: Cluster;
      before(async () => {
        cluster = await startPostgres({ bouncer: true });
      });
      after(() => cluster[Symbol.asyncDispose]());

      it('come in the order in which they were asked for, on whichever node', async () => {
        await using one = await openStore(cluster[way], nodeOf('one'));
        await using two = await openStore(cluster[way], nodeOf('two'));
        const first = await one.turnOf('queue');
        const came: string[] = [];
        const come = async (name: string, store: typeof one): Promise<void> => {
          const turn = await store.turnOf('queue');
          came.push(name);
          turn.leave();
        };
        const asked = [];
        const wait = "select count(*) from postern.turns where key = 'queue' and head is null";
        for (const [name, store] of Object.entries({ a: two, b: one, c: two, d: one })) {
          asked.push(come(name, store));
          // On a slow machine the first turn may be over meanwhile, and these come.
          const isThere = async () => Number(await cluster.psql(wait)) >= asked.length - came.length;
          await until(async () => ((await isThere()) ? 'yes' : 'no'), 'yes');
        }
        first.leave();
        await Promise.all(asked);
        assert.deepEqual(came, ['a', 'b', 'c', 'd']);
      });

      it('come one at a time, and keep others away', async () => {
        await using one = await openStore(cluster[way], nodeOf('one'));
        await using two = await openStore(cluster[way], nodeOf('two'));
        await one.transact({ put: [{ key: 'hot', value: encode(0) }] });
        let [done, lost] = [0, 0];
        const change = async (store: typeof one): Promise<void> => {
          const turn = await store.turnOf('hot');
          const [record] = await store.read({ get: ['hot'] });
          const value = encode(Number(Buffer.from(record?.value ?? []).toString()) + 1);
          const require = [{ key: 'hot', version: record?.version ?? null }];
          await store.transact({ require, put: [{ key: 'hot', value }], turn: turn.id }).catch((error: unknown) => {
            // On a slow machine a turn may be over before it is used: then another one is taken.
            if (!(error instanceof Conflict)) throw error;
            lost += 1;
            return change(store);
          });
          done += 1;
        };
        await Promise.all([one, two].flatMap((store) => Array.from({ length: 20 }, () => change(store))));
        const [record] = await one.read({ get: ['hot'] });
        assert.equal(Buffer.from(record?.value ?? []).toString(), '40');
        assert.equal(done, 40 + lost);
      });

      it('refuse others while they last, let them write beside, and end by leaving and by themselves', async () => {
        await using one = await openStore(cluster[way], nodeOf('one'));
        await using two = await openStore(cluster[way], nodeOf('two'));
        const write = (key: string, turn?: string) => ({
          put: [{ key, value: encode(1) }],
          ...(turn !== undefined && { turn }),
        });
        const turn = await one.turnOf('kept');
        await assert.rejects(two.transact(write('kept')), { name: 'Conflict', key: 'kept' });
        await two.transact(write('beside'));
        turn.leave();
        await until(() => cluster.psql('select count(*) from postern.turns where key = $$kept$$'), '0');
        await two.transact(write('kept'));
        const unused = await one.turnOf('kept');
        await assert.rejects(two.transact({ delete: ['kept'] }), { name: 'Conflict', key: 'kept' });
        const next = await two.turnOf('kept');
        assert.notEqual(next.id, unused.id);
        await assert.rejects(one.transact(write('kept', unused.id)), { name: 'Conflict', key: 'kept' });
        const stale = { require: [{ key: 'kept', version: null }], ...write('kept', next.id) };
        await assert.rejects(two.transact(stale), { name: 'Conflict', key: 'kept' });
        await two.transact(write('kept', next.id));
        await one.transact(write('kept'));
      });

      it('are removed when they are over, though their record is not asked for again', async () => {
        await using one = await openStore(cluster[way], nodeOf('one'));
        await one.turnOf('asked-once');
        await until(() => cluster.psql('select count(*) from postern.turns'), '0');
      });
    });
  }
}
