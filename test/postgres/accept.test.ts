/** A standby that is behind takes over, and an operator accepts it at a node that runs and at one that starts. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { linesOf } from '../audit/log-lines.ts';
import { until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { havePostgres, startPostgres, takeOver } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { readinessOf, Servers } from './servers.ts';

const name = 'a database that has lost changes, at the command line';

if (havePostgres(name)) {
  suite(name, () => {
    let cluster: Cluster;
    let a: RunningPostern;
    const servers = new Servers(() => cluster.bothUrl);
    before(async () => {
      cluster = await startPostgres({ standby: 'async' });
      a = await servers.start('a');
    });
    after(async () => {
      await a[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
      servers[Symbol.dispose]();
    });

    const accept = () => servers.command('a', 'store', 'accept');
    const set = (value: string) => a.client.vault('open', 'PUT', '/secrets/kept', { body: { value } });
    const get = () => a.client.vault('open', 'GET', '/secrets/kept');

    test('near misses: a database in use, and one that is away, are accepted by nobody', async () => {
      assert.equal((await set('kept')).status, 200);
      const inUse = await accept();
      assert.deepEqual([inUse.status, /there is nothing to accept; nothing was changed/.test(inUse.text)], [1, true]);
      const reached = await cluster.psql('select pg_current_wal_lsn()');
      const hasIt = `select replay_lsn >= '${reached}' from pg_stat_replication`;
      await until(async () => (await cluster.psql(hasIt)) === 't', 'the standby');
      const b = await servers.join('b');
      await cluster.cutOff();
      assert.equal((await set('lost')).status, 200);
      // Its mark has the last change then.
      assert.equal(await b.end('SIGTERM'), 0);
      await cluster.primary.kill();
      await until(async () => (await readinessOf(a)).status === 503, 'the 503 of /readyz');
      const isAway = await accept();
      assert.equal(isAway.status, 1);
      assert.match(isAway.text, /not a loss of changes, which alone can be accepted; nothing was changed/);
    });

    test('is refused by the server that runs and by the start of another, each with what is missing', async () => {
      await takeOver(cluster);
      await until(async () => /lost changes/.test((await readinessOf(a)).text), 'the reason in /readyz');
      assert.equal((await get()).status, 503);
      assert.match((await servers.command('a', 'status')).text, /lost changes/);
      await assert.rejects(servers.start('b'), /is at commit \d+, and the commit mark at \d+.*--accept-copy/s);
    });

    test('is used once an operator accepts it, which is said and recorded', async () => {
      const accepted = await accept();
      assert.equal(accepted.status, 0, accepted.text);
      assert.match(accepted.text, /^The node a uses the database as it is\. It had refused it: .*it has lost changes/);
      await until(async () => (await readinessOf(a)).status === 200, 'the readiness of a');
      assert.equal((await get()).body['value'], 'kept');
      assert.equal((await set('after')).status, 200);
      assert.equal((await get()).body['value'], 'after');
      const records = linesOf(`${servers.data('a')}/audit`).filter(
        ({ operationName }) => operationName === 'POSTERN.SERVER/STORE/ACCEPT/ACTION',
      );
      assert.equal(records.length, 1);
      const again = await accept();
      assert.deepEqual([again.status, /nothing to accept/.test(again.text)], [1, true]);
    });

    test('is used by a server that starts once it is told to', async () => {
      const b = await servers.start('b', ['--accept-copy']);
      assert.equal((await b.client.vault('open', 'GET', '/secrets/kept')).body['value'], 'after');
      assert.equal(await b.end('SIGTERM'), 0);
      await using again = await servers.start('b');
      assert.equal((await readinessOf(again)).status, 200);
    });
  });
}
