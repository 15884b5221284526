import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { readSettings } from '../../src/settings/settings.ts';
import { StoreRefused } from '../../src/store/refused.ts';
import { Unavailable } from '../../src/store/store.ts';
import { openFolder } from '../../src/worker/folder.ts';
import type { OpenFolder } from '../../src/worker/folder.ts';
import { seedStore } from '../../src/worker/seed.ts';
import { MemoryNodes } from '../store/memory-nodes.ts';

const url = 'postgres://postern@db.example/postern';
const now = Date.UTC(2026, 10, 27);

/** Data folders, and the nodes that have them. */
class Nodes {
  readonly folder: string;
  readonly database = new MemoryNodes(now);
  readonly notices: string[] = [];

  constructor(t: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'postern-nodes-'));
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  data(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async open(name: string, options: readonly string[] = [], data = this.data(name)) {
    const read = readSettings({
      argv: ['--store', url, '--node', name, '--data', data, ...options],
      environment: {},
      readFile: (path) => readFileSync(path, 'utf8'),
      folder: this.folder,
    });
    if (!read.ok) throw new Error(read.message);
    const folder = await openFolder({
      settings: read.settings,
      path: data,
      entry: data,
      readFile: (path) => readFileSync(path, 'utf8'),
      mark: { path: 'commit-mark' },
      notice: (message) => void this.notices.push(message),
      now,
      connectDatabase: async ({ node }) => this.database.open(node),
    });
    const parts = { settings: read.settings, nowMs: now, notice: () => undefined };
    const atStart = await seedStore(folder, parts);
    return { ...folder, atStart };
  }

  /** The same key for another node. */
  keyTo(name: string): void {
    cpSync(join(this.data('a'), 'master.key'), join(this.data(name), 'master.key'));
  }
}

const refusedAs = (kind: string, message: RegExp) => (error: unknown) => {
  assert(error instanceof StoreRefused);
  assert.equal(error.kind, kind);
  assert.match(error.message, message);
  return true;
};

test('a second node finds what the first has made', async (t) => {
  const nodes = new Nodes(t);
  const a = await nodes.open('a');
  nodes.keyTo('b');
  const b = await nodes.open('b', ['--join']);
  assert.deepEqual(b.identity, a.identity);
  assert.deepEqual(b.developer, a.developer);
  assert.deepEqual(b.reader, a.reader);
  assert.deepEqual(b.certificates, a.certificates);
  assert.equal(
    readFileSync(join(nodes.data('a'), 'ca.pem'), 'utf8'),
    readFileSync(join(nodes.data('b'), 'ca.pem'), 'utf8'),
  );
  assert.deepEqual(
    nodes.database.rows.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.equal(b.atStart.hasDemo, true);
});

test('three nodes that start together on an empty store make everything once', async (t) => {
  const nodes = new Nodes(t);
  const key = 'ab'.repeat(32);
  const file = join(nodes.folder, 'key');
  writeFileSync(file, key);
  const config = join(nodes.folder, 'postern.json');
  const client = { clientId: '5d7e2a6c-1b1f-4f3c-9d1e-000000000003', secret: 'secret' };
  const user = { userPrincipalName: 'ann@example.com', password: 'correct horse' };
  writeFileSync(config, JSON.stringify({ masterKeyFile: file, clients: [client], users: [user] }));
  const opened = await Promise.all(['a', 'b', 'c'].map((name) => nodes.open(name, ['--config', config, '--join'])));
  const [first, ...others] = opened;
  for (const other of others) {
    assert.deepEqual(other.identity, first?.identity);
    assert.deepEqual(other.developer, first?.developer);
    assert.deepEqual(other.reader, first?.reader);
    assert.deepEqual(other.portalUser, first?.portalUser);
    assert.deepEqual(other.certificates, first?.certificates);
  }
  // As many records as one node makes alone.
  const single = new Nodes(t);
  const alone = await single.open('a', ['--config', config]);
  assert.deepEqual(await kindsIn(first), await kindsIn(alone));
});

/** How many records there are below each first part of their keys. */
async function kindsIn(folder: Pick<OpenFolder, 'store'> | undefined) {
  const records = (await folder?.store.list({ prefix: '', limit: 10_000 })) ?? [];
  const counts = new Map<string, number>();
  for (const { key } of records) {
    const kind = key
      .split('/')
      .slice(0, 2)
      .join('/')
      .replaceAll(/[0-9a-f-]{36}/g, 'ID');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].toSorted(([one], [other]) => one.localeCompare(other));
}

test('a node without the key is told which key the store has, and makes none', async (t) => {
  const nodes = new Nodes(t);
  const { masterKey } = await nodes.open('a');
  const expected = new RegExp(
    `sealed under the master key ${masterKey.id} \\(an id, not the key\\), and .*/b/master.key is not there`,
  );
  await assert.rejects(nodes.open('b', ['--join']), refusedAs('noMasterKey', expected));
  assert.equal(existsSync(join(nodes.data('b'), 'master.key')), false);
  assert.deepEqual(
    nodes.database.rows.map(({ name }) => name),
    ['a'],
  );
});

test('the name of a node belongs to one data folder', async (t) => {
  const nodes = new Nodes(t);
  await nodes.open('a');
  nodes.keyTo('b');
  const other = () => nodes.open('a', ['--join'], nodes.data('b'));
  await assert.rejects(
    other(),
    refusedAs('nodeKnown', /a node a already.*Give this one another name with --node\. Nothing/),
  );
  nodes.database.seen('a', now - 60_000);
  await assert.rejects(other(), refusedAs('nodeKnown', /seen 60 s ago\)\. Start it with that data folder; or/));
  // A start with the same folder takes its row over.
  await nodes.open('a');
  assert.equal(nodes.database.rows.length, 1);
});

test('a start refuses a damaged node.json, and says which file it is', async (t) => {
  const nodes = new Nodes(t);
  const file = join(nodes.data('a'), 'node.json');
  for (const damaged of ['', '{"id":', '{"id":"a"}']) {
    writeFileSync(file, damaged);
    await assert.rejects(
      nodes.open('a'),
      /^Error: node\.json in the data folder does not have the id of a node: restore it/,
    );
    assert.equal(readFileSync(file, 'utf8'), damaged);
  }
  assert.deepEqual(nodes.database.rows, []);
});

test('a node ends without its database, and leaves its row to it', async (t) => {
  const nodes = new Nodes(t);
  const close = async (name: string, error: Error) => {
    const { node, shared } = await nodes.open(name, ['--join']);
    assert.ok(node !== undefined && shared !== undefined);
    Object.assign(shared, { list: () => Promise.reject(error) });
    await node.close();
  };
  await close('a', new Unavailable('the way to the database is cut'));
  assert.deepEqual(
    nodes.database.rows.map(({ name }) => name),
    ['a'],
  );
  nodes.keyTo('b');
  await assert.rejects(close('b', new Error('a fault')), /^Error: a fault$/);
});

test('nodes of a store agree on its domain and rules', async (t) => {
  const nodes = new Nodes(t);
  await nodes.open('a', ['--domain', 'vaults.example']);
  nodes.keyTo('b');
  const other = (...options: readonly string[]) => nodes.open('b', ['--join', ...options]);
  await assert.rejects(other(), refusedAs('nodesDiffer', /domain is localhost here and vaults\.example on the node a/));
  await assert.rejects(
    other('--domain', 'vaults.example', '--rules', 'current'),
    refusedAs('nodesDiffer', /rules is current here and documented on the node a/),
  );
  assert.equal(nodes.database.rows.length, 1);
  // A node that died has no say.
  nodes.database.seen('a', now - 60_000);
  await other();
});
