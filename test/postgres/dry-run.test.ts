import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPostern } from '../world/process.ts';
import { havePostgres, startPostgres } from './cluster.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const name = 'dry runs on PostgreSQL';

if (havePostgres(name)) {
  test('a dry run says what a start of a node would do or be refused for, and changes nothing', async (t) => {
    await using cluster = await startPostgres();
    const folder = mkdtempSync(join(tmpdir(), 'postern-dry-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const data = (node: string) => join(folder, node);
    const tryStart = (node: string, words: readonly string[] = [], of = data(node)) => {
      if (process.geteuid?.() === 0) execFileSync('chown', ['-R', '61043:61043', of]);
      const options = ['--store', cluster.url, '--node', node, '--data', of, '--dry-run', ...words];
      return spawnSync(postern, ['start', ...options], { encoding: 'utf8' });
    };
    for (const node of ['empty', 'b']) {
      mkdirSync(data(node));
      writeFileSync(join(data(node), 'kept'), '');
    }
    const early = tryStart('empty');
    assert.deepEqual([early.status, early.stdout], [1, '']);
    assert.match(early.stderr, /has no store in the schema postern: a start makes one\. Nothing was changed\./);
    assert.equal(await cluster.psql("select count(*) from pg_namespace where nspname = 'postern'"), '0');

    const server = await startPostern(['--store', cluster.url, '--node', 'a', '--data', data('a'), '--no-demo']);
    const withoutKey = tryStart('b', ['--join']);
    assert.match(withoutKey.stderr, /is sealed under the master key .* and \S+\/b\/master\.key is not there/);
    assert.deepEqual(readdirSync(data('b')), ['kept']);
    cpSync(join(data('a'), 'master.key'), join(data('b'), 'master.key'));
    const taken = tryStart('a', ['--join'], data('b'));
    assert.match(taken.stderr, /the store has a node a already, with another data folder/);
    const other = tryStart('b', ['--join', '--rules', 'current']);
    assert.match(
      other.stderr,
      /rules is current here and documented on the node a, and all nodes of a store must agree/,
    );
    const beside = tryStart('b', ['--join', '--json']);
    assert.equal(beside.status, 0, beside.stderr);
    const said = JSON.parse(beside.stdout) as Readonly<Record<string, unknown>>;
    assert.deepEqual([said['nodes'], said['unreadable']], [['a'], 0]);
    assert.equal(await cluster.psql('select string_agg(name, chr(32)) from postern.nodes'), 'a');
    assert.deepEqual(readdirSync(data('b')).toSorted(), ['kept', 'master.key']);
    await server[Symbol.asyncDispose]();

    const state = () => cluster.psql('select count(*), sum(hashtext(key || version)) from postern.records');
    const before = await state();
    const alone = tryStart('a');
    assert.equal(alone.status, 0, alone.stderr);
    assert.match(alone.stdout, /^\d+ records were read, and each of them can be\.\nA start goes on\./m);
    assert.doesNotMatch(alone.stdout, /beside/);
    assert.equal(await state(), before);
    await cluster.psql("update postern.records set value = '\\x00' where key = 'written-by'");
    assert.match(tryStart('a').stderr, /says which release wrote it cannot be read/);
  });
}
