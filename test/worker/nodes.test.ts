import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordIdMaker } from '../../src/audit/outbox.ts';
import { staged } from '../../src/audit/staged.ts';
import { recordPut } from '../../src/store/records.ts';
import { Unavailable } from '../../src/store/store.ts';
import { NodeCommands } from '../../src/worker/node-commands.ts';
import type { NodeRequest } from '../../src/worker/node-commands.ts';
import { recordNamed } from '../audit/request-events.ts';
import { linesOf } from '../audit/log-lines.ts';
import { MemoryNodes } from '../store/memory-nodes.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

const url = 'postgres://postern@db.example/postern';

interface RunningNode extends AsyncDisposable {
  readonly running: TestServer;
  readonly data: string;
  readonly ask: (request: NodeRequest) => Promise<Readonly<Record<string, unknown>>>;
  readonly ended: () => number;
}

/** Two servers on one store, `a` and `b`. */
async function twoNodes(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-nodes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const database = new MemoryNodes();
  const start = async (name: string): Promise<RunningNode> => {
    const data = join(folder, name);
    mkdirSync(data, { recursive: true });
    if (name !== 'a') cpSync(join(folder, 'a', 'master.key'), join(data, 'master.key'));
    const running = await startServerWith({
      data,
      options: ['--store', url, '--node', name, '--join'],
      connectDatabase: async ({ node }) => database.open(node),
    });
    const { node, shared, store, identity } = running.folder;
    assert.ok(node !== undefined && shared !== undefined);
    let ends = 0;
    const end = () => void (ends += 1);
    node.begin(store, end);
    const { audit } = running.server;
    const commands = new NodeCommands({ node, shared, store, audit, identity, now: running.now, end });
    return {
      running,
      data,
      ask: (request) => commands.answer(request),
      ended: () => ends,
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    };
  };
  return { database, a: await start('a'), b: await start('b') };
}

/** Waits until so many nodes say that they serve, and have looked at the clock. */
async function serving(database: MemoryNodes, count: number): Promise<void> {
  const isServing = (details: unknown) => /"serving".*clockAheadMs/.test(JSON.stringify(details));
  for (let tries = 0; tries < 2_000; tries += 1) {
    if (database.rows.filter(({ details }) => isServing(details)).length === count) return;
    await sleep(10);
  }
  assert.fail('they do not serve');
}

const namesOf = (database: MemoryNodes) => database.rows.map(({ name }) => name);

test('the nodes are listed by each, with what each says of itself', async (t) => {
  const { database, a, b } = await twoNodes(t);
  await using one = a;
  await using other = b;
  await serving(database, 2);
  assert.equal((await other.ask({ ask: 'nodes' }))['ok'], true);
  const listed = await one.ask({ ask: 'nodes' });
  const [first, second] = listed['nodes'] as readonly Readonly<Record<string, unknown>>[];
  assert.deepEqual(
    [first?.['name'], first?.['own'], first?.['living'], first?.['state']],
    ['a', true, true, 'serving'],
  );
  assert.deepEqual([second?.['name'], second?.['own'], second?.['state']], ['b', false, 'serving']);
  assert.deepEqual(first?.['masterKeys'], [one.running.folder.masterKey.id]);
  assert.deepEqual([first?.['waiting'], listed['unclaimed']], [0, []]);
  assert.equal(typeof first?.['clockAheadMs'], 'number');
  database.seen('b', 0);
  const later = (await one.ask({ ask: 'nodes' }))['nodes'] as readonly Readonly<Record<string, unknown>>[];
  assert.equal(later[1]?.['living'], false);
});

test('a node leaves the list when it ends, and when another one was told so', async (t) => {
  const { database, a, b } = await twoNodes(t);
  await using one = a;
  {
    await using other = b;
    assert.deepEqual(await one.ask({ ask: 'leave', name: 'b' }), { ok: true, name: 'b', own: false });
    for (let tries = 0; tries < 2_000 && other.ended() === 0; tries += 1) await sleep(10);
    assert.equal(other.ended(), 1);
    assert.deepEqual(namesOf(database), ['a', 'b']);
  }
  assert.deepEqual(namesOf(database), ['a']);
  const unknown = await one.ask({ ask: 'leave', name: 'c' });
  assert.deepEqual(unknown, { ok: false, message: 'the store has no node c; it has a' });
});

test('a node that lives is neither removed nor adopted, and a dead one with records only adopted', async (t) => {
  const { database, a, b } = await twoNodes(t);
  await using one = a;
  await using other = b;
  for (const ask of ['remove', 'adopt'] as const) {
    assert.match(
      String((await one.ask({ ask, name: 'b' }))['message']),
      /^the node b was seen .* ago, and counts as dead after 10 s/,
    );
    assert.match(String((await one.ask({ ask, name: 'a' }))['message']), /^this server is that node/);
    assert.match(String((await one.ask({ ask, name: 'c' }))['message']), /^the store has no node c; it has a, b$/);
  }
  const id = other.running.folder.node?.id ?? '';
  const recordId = recordIdMaker(Date.now, randomBytes)();
  const { store } = one.running.folder;
  await store.transact({ put: [recordPut(staged.key(id, recordId), recordNamed('lost'))] });
  database.seen('b', 0);
  assert.match(
    String((await one.ask({ ask: 'remove', name: 'b' }))['message']),
    /^1 records of changes wait for the audit log of b/,
  );
  assert.deepEqual(await one.ask({ ask: 'adopt', name: 'b' }), { ok: true, name: 'b', id, adopted: 1 });
  assert.deepEqual(namesOf(database), ['a']);
  const isAdopted = () => linesOf(join(one.data, 'audit')).some(({ correlationId }) => correlationId === 'lost');
  for (let tries = 0; tries < 2_000 && !isAdopted(); tries += 1) await sleep(10);
  assert.ok(isAdopted());
  const log = readFileSync(join(one.data, 'audit', 'audit.jsonl'), 'utf8');
  assert.match(log, /POSTERN\.SERVER\/NODES\/ADOPT\/ACTION.*"node":"a"/i);
});

test('a database that is refused because it has lost changes is accepted, with a record, and no other one is', async (t) => {
  const { database, a, b } = await twoNodes(t);
  await using one = a;
  await using _ = b;
  const records = () => readFileSync(join(one.data, 'audit', 'audit.jsonl'), 'utf8').match(/STORE\/ACCEPT\/ACTION/g);
  const accept = async () => one.ask({ ask: 'accept' });
  assert.match(String((await accept())['message']), /^this node uses the database: .* nothing was changed$/);
  database.refused = { reachable: false, why: 'connect ECONNREFUSED', isRefusedForLoss: false };
  assert.match(String((await accept())['message']), /^that is not a loss .*: connect ECONNREFUSED$/);
  assert.equal(records(), null);
  database.refused = { reachable: false, why: 'it has lost changes', isRefusedForLoss: true };
  let accepted = 0;
  database.accept = async () => void (accepted += 1);
  assert.deepEqual(await accept(), { ok: true, name: 'a', why: 'it has lost changes' });
  assert.deepEqual([accepted, records()?.length], [1, 1]);
  database.accept = () => Promise.reject(new Unavailable('the link is slow'));
  assert.match(String((await accept())['message']), /does not use the database yet: .*: the link is slow$/);
  database.refused = {};
});

test('a change and a read are recorded with the node that answered them', async (t) => {
  const { a, b } = await twoNodes(t);
  const made = async ({ running }: RunningNode) => {
    const { client } = running;
    const vault = await client.arm('PUT', `/resourceGroups/g-${running.port}`, { location: 'westeurope' });
    assert.equal(vault.status, 201);
  };
  {
    await using one = a;
    await using other = b;
    await made(one);
    await made(other);
  }
  const nodesIn = ({ data }: RunningNode) =>
    new Set(linesOf(join(data, 'audit')).map(({ properties }) => (properties as { node?: string }).node));
  assert.deepEqual([...nodesIn(a)], ['a']);
  assert.deepEqual([...nodesIn(b)], ['b']);
});
