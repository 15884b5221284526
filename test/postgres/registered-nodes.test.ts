import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { linesOf } from '../audit/log-lines.ts';
import { until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { ways } from './place.ts';
import { readinessOf, Servers } from './servers.ts';

for (const through of ways) {
  const name = `the nodes of a database, their list and their end, ${through}`;
  if (!havePostgres(name, { bouncer: through === 'pooled' })) continue;
  suite(name, () => {
    let cluster: Cluster;
    const servers = new Servers(() => (through === 'pooled' ? cluster.bouncerUrl : cluster.url));
    const { folder } = servers;
    const data = (node: string) => servers.data(node);
    const start: Servers['start'] = (...given) => servers.start(...given);
    const command: Servers['command'] = (...given) => servers.command(...given);
    before(async () => {
      cluster = await startPostgres({ bouncer: through === 'pooled' });
    });
    after(async () => {
      await cluster[Symbol.asyncDispose]();
      servers[Symbol.dispose]();
    });

    const listed = async (node: string) =>
      JSON.parse((await command(node, 'nodes', '--json')).text) as {
        readonly nodes: readonly { readonly name: string; readonly living: boolean; readonly waiting: number }[];
      };
    const recordsOf = (nodes: readonly string[], requestId: string) =>
      nodes
        .flatMap((node) => linesOf(join(data(node), 'audit')))
        .filter(({ correlationId, operationName }) => correlationId === requestId && operationName === 'SecretSet')
        .map(({ properties }) => properties as { recordId?: string; node?: string; adoptedBy?: string });

    test('a node without the key, without a mark or with another domain is refused, and a start names what to do', async () => {
      await using _ = await start('a');
      await assert.rejects(
        start('b'),
        /sealed under the master key [0-9a-f]+ \(an id, not the key\), and .*b\/master\.key is not/,
      );
      await servers.keyTo('b');
      await assert.rejects(start('b'), /the commit mark is missing, although the database is not new.*--join/s);
      await assert.rejects(
        start('b', ['--join', '--domain', 'vaults.example']),
        /domain is vaults\.example here and localhost on the node a/,
      );
      await assert.rejects(
        start('a', ['--join'], data('b')),
        /the store has a node a already, with another data folder/,
      );
      assert.deepEqual(
        (await listed('a')).nodes.map((node) => node.name),
        ['a'],
      );
    });

    test('a node that leaves answers every request that it has accepted, and is gone from the list', async () => {
      await using a = await start('a');
      const b = await servers.join('b');
      const healthOf = async () => (await readinessOf(b)).status;
      assert.equal(await healthOf(), 200);
      const answered: number[] = [];
      // As a balancer, which sends connections here for as long as the node says that it is ready.
      const closed = new AbortController();
      const clients = Array.from({ length: 4 }, async (_, index) => {
        while (!closed.signal.aborted) {
          const sent = { body: { value: 'x' }, agent: false } as const;
          answered.push((await b.client.vault('open', 'PUT', `/secrets/leaves-${index}`, sent)).status);
        }
      });
      await until(() => answered.length > 20, 'answers of b');
      const leaving = command('a', 'nodes', 'leave', '--name', 'b');
      await until(async () => (await healthOf()) === 503, 'the 503 of /readyz');
      const before503 = answered.length;
      await until(() => answered.length > before503 + 4, 'answers after the 503');
      closed.abort();
      await Promise.all(clients);
      assert.deepEqual(await leaving, { status: 0, text: 'The node b has left.\n' });
      assert.equal(await b.exited(), 0);
      assert.deepEqual(new Set(answered), new Set([200]));
      assert.deepEqual(
        (await listed('a')).nodes.map((node) => node.name),
        ['a'],
      );
      assert.equal(await a.end('SIGTERM'), 0);
    });

    test('the records of a node that was killed are in the logs once each, by its next start or by another node', async () => {
      await using a = await start('a');
      const acknowledged: string[] = [];
      const load = async (node: RunningPostern, index: number) => {
        for (;;) {
          const id = randomUUID();
          const sent = { body: { value: 'x' }, headers: { 'x-ms-client-request-id': id } };
          const answer = await node.client
            .vault('open', 'PUT', `/secrets/killed-${index}`, sent)
            .catch(() => undefined);
          if (answer === undefined) return;
          if (answer.status === 200) acknowledged.push(id);
        }
      };
      const killed = async (node: RunningPostern) => {
        const already = acknowledged.length;
        const clients = Array.from({ length: 8 }, (_, index) => load(node, index));
        await until(() => acknowledged.length > already + 50, 'changes');
        const worker = node.workerPid();
        node.child.kill('SIGKILL');
        // Without a supervisor it would end in order.
        process.kill(worker, 'SIGKILL');
        await node.exited();
        await Promise.all(clients);
      };
      await killed(await servers.join('b'));
      {
        await using again = await start('b');
        assert.equal(again.ready.ready, true);
      }
      await killed(await start('b'));
      assert.match((await command('a', 'nodes', 'remove', '--name', 'b')).text, /counts as dead after 10 s/);
      await until(
        async () => (await listed('a')).nodes.some((node) => node.name === 'b' && !node.living),
        'the death of b',
      );
      const adopted = await command('a', 'nodes', 'adopt', '--name', 'b');
      assert.equal(adopted.status, 0, adopted.text);
      assert.deepEqual(
        (await listed('a')).nodes.map((node) => node.name),
        ['a'],
      );
      assert.equal(await a.end('SIGTERM'), 0);
      for (const id of acknowledged) {
        const found = recordsOf(['a', 'b'], id);
        assert.equal(new Set(found.map(({ recordId }) => recordId)).size, 1, `${id}: ${JSON.stringify(found)}`);
        assert.ok(found.every(({ node }) => node === 'b'));
        assert.equal(found.filter(({ adoptedBy }) => adoptedBy === undefined).length <= 1, true);
      }
    });

    test('a server ends in order while its database is away, says so, and goes on from there with the next start', async () => {
      const b = await servers.join('b');
      const acknowledged: string[] = [];
      const refused: string[] = [];
      const clients = Array.from({ length: 8 }, async (_, index) => {
        for (;;) {
          const id = randomUUID();
          const sent = { body: { value: 'x' }, headers: { 'x-ms-client-request-id': id } };
          const answer = await b.client.vault('open', 'PUT', `/secrets/away-${index}`, sent).catch(() => undefined);
          if (answer === undefined) return;
          if (answer.status === 200) acknowledged.push(id);
          else refused.push(`${answer.status} ${JSON.stringify(answer.body)}`);
        }
      });
      await until(() => acknowledged.length > 50, 'changes');
      await cluster.primary.kill();
      await until(() => refused.length > 0, 'the first refusal');
      b.child.kill('SIGTERM');
      await until(() => b.child.exitCode !== null || b.child.signalCode !== null, 'the end of b');
      assert.equal(b.child.exitCode, 0, b.stderr());
      await Promise.all(clients);
      assert.ok(
        refused.every((answer) => answer.startsWith('503 ')),
        refused.join('\n'),
      );
      assert.match(
        b.stderr(),
        /Audit records of changes wait in the store: Unavailable: .*The database cannot be asked/,
      );
      await cluster.primary.start();
      await using again = await start('b');
      assert.equal((await again.client.vault('open', 'PUT', '/secrets/away', { body: { value: 'x' } })).status, 200);
      for (const id of acknowledged) assert.equal(recordsOf(['b'], id).length, 1, id);
    });

    test('of two processes with one data folder copied, only the later one answers', async () => {
      await using _ = await start('a');
      await using b = await servers.join('b');
      const healthOf = async () => (await readinessOf(b)).status;
      assert.equal((await b.client.vault('open', 'GET', '/secrets/greeting')).status, 200);
      cpSync(data('b'), data('copy'), { recursive: true, filter: (path) => !/lock|sock|control/.test(path) });
      await servers.give(data('copy'));
      await using copy = await start('b', [], data('copy'));
      await until(async () => (await healthOf()) === 503, 'the end of the earlier one');
      assert.equal((await b.client.vault('open', 'GET', '/secrets/greeting')).status, 503);
      assert.equal((await copy.client.vault('open', 'GET', '/secrets/greeting')).status, 200);
    });

    test('the password is in no argument, environment or output of the server', async (t) => {
      t.after(() => delete process.env['PGPASSWORD']);
      process.env['PGPASSWORD'] = 'not-to-be-shown';
      await using a = await start('a');
      delete process.env['PGPASSWORD'];
      const worker = a.workerPid();
      for (const file of ['environ', 'cmdline'])
        assert.doesNotMatch(readFileSync(`/proc/${worker}/${file}`, 'utf8'), /not-to-be-shown/);
      const status = await command('a', 'status', '--json');
      assert.match(status.text, /"reachable": true/);
      assert.doesNotMatch(`${status.text}${a.stderr()}`, /not-to-be-shown/);
      const backup = await command('a', 'backup', '--file', join(folder, 'backup'));
      assert.equal(backup.status, 1);
      assert.match(backup.text, /The records are in postgres:.*back it up with the means of the database/);
    });
  });
}
