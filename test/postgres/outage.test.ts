import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode, Unavailable } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import { openStore, until } from './sessions.ts';

async function answers(store: Store, key: string): Promise<string> {
  try {
    const [record] = await store.read({ get: [key] });
    return record === undefined ? 'none' : Buffer.from(record.value).toString();
  } catch (error) {
    if (error instanceof Unavailable) return 'unavailable';
    throw error;
  }
}

if (havePostgres('outages of PostgreSQL')) {
  describe('a store whose database goes away', () => {
    for (const way of ['kill', 'stop'] as const) {
      it(`answers nothing meanwhile, and everything after it is back: ${way}`, async () => {
        await using cluster = await startPostgres();
        const notices: string[] = [];
        await using store = await openStore(cluster.url, { patienceMs: 100, notice: (text) => notices.push(text) });
        await store.transact({ put: [{ key: 'a', value: encode('before') }] });
        await cluster.primary[way]();
        await until(() => answers(store, 'a'), 'unavailable');
        assert.match(store.state().why ?? '', /ECONNREFUSED|CLOSED|ECONNRESET|terminating/);
        await assert.rejects(store.transact({ put: [{ key: 'b', value: encode(1) }] }), { name: 'Unavailable' });
        await cluster.primary.start();
        await until(() => answers(store, 'a'), '"before"');
        await store.transact({ put: [{ key: 'a', value: encode('after') }] });
        assert.equal(await answers(store, 'a'), '"after"');
        assert.ok(notices.some((text) => text.includes('are answered with 503')));
        assert.match(notices.at(-1) ?? '', /can be asked again/);
      });
    }

    it('answers nothing from a database that is paused, and a change that was under way happens once', async () => {
      await using cluster = await startPostgres();
      await using store = await openStore(cluster.url, { patienceMs: 100, outcomeMs: 120_000 });
      await store.transact({ put: [{ key: 'a', value: encode('before') }] });
      await cluster.primary.pause();
      const written = store.transact({ put: [{ key: 'paused', value: encode(1) }] });
      await until(() => answers(store, 'a'), 'unavailable');
      await cluster.primary.resume();
      await until(() => answers(store, 'a'), '"before"');
      await written;
      assert.equal(await cluster.psql("select count(*) from postern.changes where key = 'paused'"), '1');
    });

    it('judges each connection before it answers by it', async () => {
      await using cluster = await startPostgres();
      let accepts = true;
      const seen: string[] = [];
      await using store = await openStore(cluster.url, {
        patienceMs: 100,
        judge: async (raw) => {
          const [record] = await raw.read({ get: ['mark'] });
          seen.push(record === undefined ? 'none' : Buffer.from(record.value).toString());
          if (!accepts) throw new Error('the mark is ahead of the database');
        },
      });
      await store.transact({ put: [{ key: 'mark', value: encode(1) }] });
      accepts = false;
      await cluster.primary.kill();
      await cluster.primary.start();
      await until(async () => (/the mark is ahead/.test(store.state().why ?? '') ? 'judged' : ''), 'judged');
      await assert.rejects(store.read({ get: ['mark'] }), { name: 'Unavailable', message: /the mark is ahead/ });
      accepts = true;
      await until(() => answers(store, 'mark'), '1');
      assert.equal(seen[0], 'none');
      assert.equal(seen.at(-1), '1');
    });
  });
}
