/** `postern store copy` between a data folder and a real database, as an operator runs it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { randomUUID } from 'node:crypto';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import { openCommitMark } from '../../src/store/commit-counter.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres.ts';
import { StoreRefused } from '../../src/store/refused.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { encode } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { parsed } from '../backup/made.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { havePostgres, startPostgres } from './cluster.ts';
import type { Cluster } from './cluster.ts';

const program = join(import.meta.dirname, '../../bin/postern');
const masterKey = masterKeyFrom(Buffer.alloc(32, 5));
const node = join(import.meta.dirname, '../../runtime/node');
const child = fileURLToPath(new URL('copy-child.ts', import.meta.url));
const isHere = havePostgres('postern store copy');

function copy(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, ['store', 'copy', ...args], { encoding: 'utf8' });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

/** A folder that the worker of a server may pass. */
function place() {
  const folder = dataFolder();
  execFileSync('chmod', ['755', folder.path]);
  return folder;
}

/** A data folder with the key, the mark and a store of so many records. */
async function filledFolder(path: string, count: number): Promise<void> {
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(path, 'master.key'), `${Buffer.alloc(32, 5).toString('base64')}\n`, { mode: 0o600 });
  const mark = await openCommitMark(join(path, 'commit-mark'));
  const inner = await openSqliteStore({ file: join(path, 'postern.db') });
  const store = await openSealedStore({ inner, masterKey, mark });
  for (let start = 0; start < count; start += 1_000) {
    const put = Array.from({ length: Math.min(1_000, count - start) }, (_, index) => ({
      key: `fruit/${String(start + index).padStart(6, '0')}`,
      value: encode('x'.repeat(200)),
    }));
    await store.transact({ put });
  }
  await store.close();
  await mark.close();
}

async function countIn(store: Store): Promise<number> {
  let [count, last] = [0, undefined as string | undefined];
  for (;;) {
    const page = await store.list({ prefix: 'fruit/', after: last, limit: 5_000 });
    if (page.length === 0) return count;
    count += page.length;
    last = page.at(-1)?.key;
  }
}

/** Opens the store in the database under the key and the mark of a data folder, and reads all of it. */
async function readDatabase(url: string, folder: string): Promise<number> {
  const inner = await openPostgresStore({ url, node: { id: randomUUID(), name: 'test', details: {} }, now: Date.now });
  try {
    const mark = await openCommitMark(join(folder, 'commit-mark'));
    const store = await openSealedStore({ inner, masterKey, mark, look: true });
    const count = await countIn(store);
    await mark.close();
    return count;
  } finally {
    await inner.nodes.leave();
    await inner.close();
  }
}

async function readFolder(path: string): Promise<number> {
  const inner = await openSqliteStore({ file: join(path, 'postern.db') });
  try {
    return await countIn(await openSealedStore({ inner, masterKey, look: true }));
  } finally {
    await inner.close();
  }
}

function refusedAsUnfinished(error: unknown): boolean {
  return error instanceof StoreRefused && error.kind === 'unfinishedCopy' && /cut short/.test(error.message);
}

describe('postern store copy', () => {
  if (!isHere) return;
  let cluster: Cluster;
  let databases = 0;
  before(async () => {
    cluster = await startPostgres();
  });
  after(() => cluster[Symbol.asyncDispose]());

  async function newDatabase(): Promise<string> {
    databases += 1;
    await cluster.psql(`create database copy_${databases}`);
    return cluster.url.replace(/\/postgres$/, `/copy_${databases}`);
  }

  it('moves a server to a database and back: every value through the API, and each record of the log once', async () => {
    using folder = place();
    const data = join(folder.path, 'data');
    const url = await newDatabase();
    await using embedded = await startPostern(['--data', data]);
    await set(embedded, 'one', 20);
    // The records of the last changes may be on their way to the log.
    await embedded.end('SIGKILL');
    const there = copy('--from', data, '--to', url, '--json');
    assert.deepEqual([there.status, there.stderr], [0, '']);
    assert.ok(Number(parsed(there.stdout)['records']) > 40);
    await using shared = await startPostern(['--data', data, '--store', url]);
    await assertSet(shared, 'one', 20);
    await set(shared, 'two', 20);
    assert.equal(await shared.end('SIGTERM'), 0, shared.stderr());
    // The records in the folder are of before, which the mark knows.
    await assert.rejects(startPostern(['--data', data]), /older copy/);
    const back = copy('--from', url, '--to', data, '--replace', '--json');
    assert.deepEqual([back.status, back.stderr], [0, '']);
    assert.match(String(parsed(back.stdout)['replaced']), /\/postern\.db\.replaced-\d{8}T\d{6}Z$/);
    await using again = await startPostern(['--data', data]);
    await assertSet(again, 'one', 20);
    await assertSet(again, 'two', 20);
    assert.equal(await again.end('SIGTERM'), 0, again.stderr());
    const written = linesOf(data).filter((line) => line.includes('"operationName":"SecretSet"'));
    for (const name of ['one', 'two']) {
      for (let index = 0; index < 20; index += 1) {
        const found = written.filter(
          (line) =>
            line.includes(`/secrets/${name}${index}/`) ||
            line.includes(`/secrets/${name}${index}?`) ||
            line.includes(`/secrets/${name}${index}"`),
        );
        assert.equal(found.length, 1, `${name}${index}`);
      }
    }
  });

  it('that is killed leaves no store that a server starts on, in either direction, and can be done again', async () => {
    using folder = place();
    const [data, other] = [join(folder.path, 'data'), join(folder.path, 'other')];
    const url = await newDatabase();
    await filledFolder(data, 5_000);
    for (const at of [2, 6]) {
      killedAt(at, 'into', { file: join(data, 'postern.db'), url });
      await assert.rejects(readDatabase(url, data), refusedAsUnfinished);
    }
    const there = copy('--from', data, '--to', url, '--json');
    assert.deepEqual([there.status, there.stderr], [0, '']);
    assert.equal(await readDatabase(url, data), 5_000);
    mkdirSync(other, { mode: 0o700 });
    for (const at of [2, 6]) {
      killedAt(at, 'back', { file: join(other, 'postern.db'), url });
      await assert.rejects(readFolder(other), refusedAsUnfinished);
    }
    const back = copy('--from', url, '--to', other, '--replace', '--json');
    assert.deepEqual([back.status, back.stderr], [0, '']);
    // A copy that was cut short is not kept as if it had been of a server.
    assert.equal(parsed(back.stdout)['replaced'], null);
    assert.equal(await readFolder(other), 5_000);
  });

  it('refuses a folder that a server uses, and a database that one uses, by the name of it', async () => {
    using folder = place();
    const at = (name: string) => join(folder.path, name);
    const [data, second, third] = [at('data'), at('second'), at('third')];
    mkdirSync(third);
    const [url, empty] = [await newDatabase(), await newDatabase()];
    await using embedded = await startPostern(['--data', data]);
    const served = copy('--from', data, '--to', url);
    assert.equal(served.status, 1);
    assert.match(served.stderr, /A server uses .*data/);
    const into = copy('--from', url, '--to', data, '--replace');
    assert.match(into.stderr, /A server uses .*data/);
    await embedded.end('SIGTERM');
    await using shared = await startPostern(['--data', second, '--store', url, '--node', 'amsterdam']);
    for (const args of [
      ['--from', url, '--to', third],
      ['--from', data, '--to', url, '--replace'],
    ]) {
      const refused = copy(...args);
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /in use by amsterdam/);
    }
    await shared.end('SIGTERM');
    const none = copy('--from', empty, '--to', data, '--replace');
    assert.equal(none.status, 1);
    assert.match(none.stderr, /There is no store to copy/);
    // The command has moved its database back.
    assert.deepEqual(
      readdirSync(data).filter((name) => name.includes('replaced')),
      [],
    );
    await (await startPostern(['--data', data])).end('SIGTERM');
  });
});

async function set(server: RunningPostern, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const { status } = await server.client.vault('demo', 'PUT', `/secrets/${name}${index}`, {
      from: '127.0.0.7',
      body: { value: `${name}-${index}` },
    });
    assert.equal(status, 200);
  }
}

async function assertSet(server: RunningPostern, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const { status, body } = await server.client.vault('demo', 'GET', `/secrets/${name}${index}`, {
      from: '127.0.0.7',
    });
    assert.deepEqual([status, body?.['value']], [200, `${name}-${index}`]);
  }
}

function linesOf(data: string): readonly string[] {
  const folder = join(data, 'audit');
  return readdirSync(folder).flatMap((name) =>
    name.endsWith('.jsonl') ? readFileSync(join(folder, name), 'utf8').split('\n') : [],
  );
}

/** A copy that is killed before its n-th transaction. */
function killedAt(
  at: number,
  direction: 'into' | 'back',
  { file, url }: { readonly file: string; readonly url: string },
) {
  const { signal, stderr } = spawnSync(node, [child, file, url, direction, `${at}`], { encoding: 'utf8' });
  assert.equal(signal, 'SIGKILL', stderr);
}
