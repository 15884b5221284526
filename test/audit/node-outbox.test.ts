import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openAudit } from '../../src/audit/audit.ts';
import { openAuditLog } from '../../src/audit/log.ts';
import { withAdopter, withNode } from '../../src/audit/node-line.ts';
import type { AuditNode } from '../../src/audit/node-line.ts';
import { putBeforeLog, recordIdMaker } from '../../src/audit/outbox.ts';
import { adoptStaged, waitingByNode } from '../../src/audit/staged.ts';
import { defaultQuota } from '../../src/audit/quota.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { linesOf } from './log-lines.ts';
import { recordNamed } from './request-events.ts';

const [a, b]: readonly [AuditNode, AuditNode] = [
  { id: '11111111-1111-4111-8111-111111111111', name: 'a' },
  { id: '22222222-2222-4222-8222-222222222222', name: 'b' },
];

function folders(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return (name: string) => join(folder, name);
}

function open(store: Store, directory: string, node?: AuditNode) {
  const notice = () => undefined;
  const settings = { directory, maxBytes: 1 << 26, files: 2, keepMs: 0, fsync: false, now: Date.now, node, notice };
  const log = openAuditLog(settings);
  return openAudit({ store, log, now: Date.now, random: randomBytes, quota: defaultQuota, node, notice });
}

const recordsIn = (directory: string) =>
  linesOf(directory).map(({ correlationId, properties }) => {
    const { node, adoptedBy } = properties as { node?: string; adoptedBy?: string };
    return [correlationId, node, ...(adoptedBy === undefined ? [] : [adoptedBy])].join(' ');
  });

test('each node writes the records of its own changes and reads, with its name', async (t) => {
  const [store, at] = [memoryStore(), folders(t)];
  const [one, other] = await Promise.all([open(store, at('a'), a), open(store, at('b'), b)]);
  const { put } = one.stage(recordNamed('change-a'));
  await store.transact({ put: [put] });
  const changed = other.stage(recordNamed('change-b'));
  await store.transact({ put: [changed.put] });
  assert.deepEqual(
    [...(await waitingByNode(store))],
    [
      [a.id, 1],
      [b.id, 1],
    ],
  );
  // The audit looks up the records that it does not know, and leaves those of the other node.
  one.committed();
  await one.read(recordNamed('read-a'));
  await one.close();
  assert.deepEqual([...(await waitingByNode(store))], [[b.id, 1]]);
  other.committed([changed.put]);
  await other.close();
  assert.deepEqual(recordsIn(at('a')).toSorted(), ['change-a a', 'read-a a']);
  assert.deepEqual(recordsIn(at('b')), ['change-b b']);
});

test('records from before there were several nodes go into the log of one of them', async (t) => {
  const [store, at] = [memoryStore(), folders(t)];
  const makeId = recordIdMaker(Date.now, randomBytes);
  const names = Array.from({ length: 600 }, (_, n) => `before-${n}`);
  for (const name of names) await store.transact({ put: [putBeforeLog(recordNamed(name), makeId())] });
  const opened = await Promise.all([open(store, at('a'), a), open(store, at('b'), b)]);
  for (const audit of opened) await audit.close();
  const found = [...recordsIn(at('a')), ...recordsIn(at('b'))].map((line) => line.split(' ')[0]);
  assert.deepEqual(new Set(found), new Set(names));
  assert.equal(found.length, names.length);
  assert.equal((await waitingByNode(store)).size, 0);
});

test('the records of a dead node are adopted once, with their ids and both names', async (t) => {
  const [store, at] = [memoryStore(), folders(t)];
  const dead = await open(store, at('a'), a);
  const puts = Array.from({ length: 300 }, (_, n) => dead.stage(recordNamed(`change-${n}`)).put);
  for (const put of puts) await store.transact({ put: [put] });
  const c = { id: '33333333-3333-4333-8333-333333333333', name: 'c' };
  const [one, other] = await Promise.all([open(store, at('b'), b), open(store, at('c'), c)]);
  const counts = await Promise.all([adoptStaged(store, a.id, b), adoptStaged(store, a.id, c)]);
  assert.equal(counts[0] + counts[1], puts.length);
  for (const audit of [one, other]) {
    audit.added();
    await audit.close();
  }
  const lines = [...linesOf(at('b')), ...linesOf(at('c'))];
  const ids = lines.map(({ properties }) => properties.recordId);
  assert.deepEqual(new Set(ids), new Set(puts.map(({ key }) => key.split('/').at(-1))));
  assert.equal(ids.length, puts.length);
  assert.ok(recordsIn(at('b')).every((record) => record.endsWith(' a b')));
  assert.ok(recordsIn(at('c')).every((record) => record.endsWith(' a c')));
});

test('a server that has its store to itself writes the records of all nodes that a copy has brought', async (t) => {
  const [store, at] = [memoryStore(), folders(t)];
  const dead = await open(store, at('a'), a);
  for (const name of ['one', 'two']) await store.transact({ put: [dead.stage(recordNamed(name)).put] });
  const alone = await open(store, at('alone'));
  await alone.close();
  assert.deepEqual(recordsIn(at('alone')), ['one a', 'two a']);
  assert.equal((await waitingByNode(store)).size, 0);
});

test('a name is put into a line without a change of anything else', () => {
  const line = '{"time":"t","resourceDescription":"a \\",\\"properties\\":{ b","properties":{"x":1}}';
  assert.equal(withNode(line, a), line.replace('{"x":1}', '{"node":"a","x":1}'));
  assert.equal(withNode(withNode(line, a), b), withNode(line, a));
  assert.equal(withNode('{"properties":0}', a), '{"properties":0}');
  assert.deepEqual(JSON.parse(withNode('{"time":"t","properties":{}}', a)), { time: 't', properties: { node: 'a' } });
  const adopted = withAdopter(withNode(line, a), b);
  assert.equal(withNode(adopted, b), adopted);
  assert.equal(adopted, line.replace('{"x":1}', '{"adoptedBy":"b","node":"a","x":1}'));
});
