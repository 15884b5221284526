import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '../../src/store/store.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import { openStore } from './sessions.ts';

const nodeOf = (id: string) => ({ node: { id, name: id, details: {} } });

/** The function as another release could have it: it does nothing. */
const other = `create or replace function postern.leave_turn(of_key text, of_id text, lock_ms integer) returns void
  language plpgsql as $$begin end$$`;
const isOther = `select prosrc = 'begin end' from pg_proc where proname = 'leave_turn'`;

if (havePostgres('the functions in a database that another release has made')) {
  describe('the functions in a database that another release has made', () => {
    it('are replaced where theirs is the earlier revision, while a node of that release goes on', async () => {
      await using cluster = await startPostgres();
      await using earlier = await openStore(cluster.url, nodeOf('earlier'));
      await earlier.transact({ put: [{ key: 'a', value: encode(1) }] });
      await cluster.psql(`${other}; alter table postern.store drop column revision`);
      await using later = await openStore(cluster.url, nodeOf('later'));
      assert.equal(await cluster.psql(isOther), 'f');
      assert.equal(await cluster.psql('select revision from postern.store'), '1');
      await Promise.all(
        [earlier, later].map((store, index) => store.transact({ put: [{ key: `b${index}`, value: encode(1) }] })),
      );
      assert.equal((await earlier.list({ prefix: '', limit: 9 })).length, 3);
    });

    it('stay where theirs is the same or a later revision', async () => {
      await using cluster = await startPostgres();
      await using one = await openStore(cluster.url, nodeOf('one'));
      await one.transact({ put: [{ key: 'a', value: encode(1) }] });
      for (const revision of ['1', '99']) {
        await cluster.psql(`${other}; update postern.store set revision = ${revision}`);
        await using two = await openStore(cluster.url, nodeOf(`two-${revision}`));
        await two.transact({ put: [{ key: 'b', value: encode(1) }] });
        assert.equal(await cluster.psql(isOther), 't');
        assert.equal(await cluster.psql('select revision from postern.store'), revision);
      }
    });

    it('are left to the role that owns them, and another one is told so', async () => {
      await using cluster = await startPostgres();
      await using one = await openStore(cluster.url, nodeOf('one'));
      await one.transact({ put: [{ key: 'a', value: encode(1) }] });
      await cluster.psql(`create role guest login; grant usage on schema postern to guest;
        grant select, insert, update, delete on all tables in schema postern to guest;
        grant execute on function pg_control_system() to guest; ${other}; update postern.store set revision = 0`);
      const asGuest = cluster.url.replace('postgres@', 'guest@');
      const message =
        /earlier release, which the role guest may not replace: start one node .* as the role that owns them/;
      await assert.rejects(openStore(asGuest, nodeOf('two')), { name: 'StoreRefused', kind: 'noRights', message });
      assert.equal(await cluster.psql(isOther), 't');
      await (await openStore(cluster.url, nodeOf('three'))).close();
      await using guest = await openStore(asGuest, nodeOf('two'));
      assert.equal((await guest.read({ get: ['a'] })).length, 1);
      assert.equal(await cluster.psql(isOther), 'f');
    });
  });
}
