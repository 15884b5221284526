import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DeliveryFailed } from '../../src/delivery/failed.ts';
import { linesIn } from '../../src/delivery/line-head.ts';
import { Otlp } from '../../src/delivery/otlp.ts';
import { expectError, expectStatus, startWithGroup, vaults } from '../control-plane/resources.ts';
import { until } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';
import { startCollector } from './collector.ts';
import type { Collector } from './collector.ts';
import { testLog } from './log.ts';
import { logged, putLoggedVault } from './logged-vault.ts';

function sinkOf({ endpoint }: Collector, answerMs = 10_000) {
  const headers = [{ name: 'X-Key', value: 'secret-of-the-collector' }];
  const notices: string[] = [];
  const notice = (message: string) => void notices.push(message);
  const otlp = new Otlp(
    { name: 'elastic', endpoint, headers, everything: false },
    { nowMs: () => 0, notice, answerMs },
  );
  return Object.assign(otlp, { notices });
}

function shipment(count: number) {
  using log = testLog();
  log.write('one', count);
  const bytes = readFileSync(join(log.directory, 'audit.jsonl'));
  return { fileHead: 'head', records: [...linesIn(bytes, 0)], pieces: undefined, writeDown: () => {} };
}

test('a record is a log record with its line as body, its request as attributes and a stable id', async () => {
  await using collector = await startCollector();
  const sent = shipment(2);
  assert.deepEqual(await sinkOf(collector).deliver(sent), { refused: 0 });
  assert.deepEqual(await sinkOf(collector).deliver(sent), { refused: 0 });
  const [one, two, again] = collector.taken;
  assert.ok(one !== undefined && two !== undefined && again !== undefined);
  assert.equal(one.body, sent.records[0]?.bytes.toString());
  assert.equal(one.attributes.get('cloud.resource_id'), '/VAULTS/ONE');
  assert.equal(one.attributes.get('azure.operation.name'), 'SecretGet');
  assert.equal(one.uid.length, 32);
  assert.notEqual(one.uid, two.uid);
  assert.equal(again.uid, one.uid, 'a repetition can be told');
  assert.deepEqual(collector.requests, [
    { records: 2, key: 'secret-of-the-collector' },
    { records: 2, key: 'secret-of-the-collector' },
  ]);
});

test('a collector that is busy gets the records again after its Retry-After', async () => {
  await using collector = await startCollector();
  let busy = 1;
  collector.answer = () => (busy-- > 0 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 });
  assert.deepEqual(await sinkOf(collector).deliver(shipment(3)), { refused: 0 });
  assert.deepEqual(
    collector.requests.map(({ records }) => records),
    [3, 3],
  );
  assert.equal(collector.taken.length, 3);
});

test('a record that is refused for good is given up, and all others are taken', async () => {
  await using collector = await startCollector();
  const sent = shipment(9);
  const bad = sent.records[4]?.bytes.toString();
  collector.answer = (records) => ({ status: records.some(({ body }) => body === bad) ? 400 : 200 });
  assert.deepEqual(await sinkOf(collector).deliver(sent), { refused: 1 });
  assert.deepEqual(
    collector.taken.map(({ body }) => body),
    sent.records.map(({ bytes }) => bytes.toString()).filter((line) => line !== bad),
  );
});

test('records that an answer refuses while it takes the others are given up and said once, without its text', async () => {
  await using collector = await startCollector();
  const sink = sinkOf(collector);
  const partial = (rejectedLogRecords: unknown) => {
    const errorMessage = `secret-of-the-collector ${'long '.repeat(10_000)}`;
    collector.answer = () => ({ status: 200, body: { partialSuccess: { rejectedLogRecords, errorMessage } } });
  };
  for (const [rejected, refused] of [
    ['3', 3],
    [2, 2],
    ['5', 5],
    // More than were sent, a warning without a refusal, and what is not a count.
    ['99', 5],
    [0, 0],
    [-1, 0],
    ['many', 0],
    [undefined, 0],
  ] as const) {
    partial(rejected);
    assert.deepEqual(await sink.deliver(shipment(5)), { refused }, String(rejected));
  }
  assert.equal(collector.requests.length, 8, 'none is sent again');
  const [notice = '', ...more] = sink.notices;
  assert.match(
    notice,
    /^The collector elastic \(127\.0\.0\.1:\d+\) refused 3 of 5 audit records, and took the others: see/,
  );
  assert.deepEqual(more, []);
  collector.answer = () => ({ status: 200 });
  assert.deepEqual(await sink.deliver(shipment(5)), { refused: 0 });
});

test('the record of a gap that is refused makes no other gap', async () => {
  await using collector = await startCollector();
  collector.answer = () => ({ status: 200, body: { partialSuccess: { rejectedLogRecords: '1' } } });
  const gap = (count: number) => {
    const all = shipment(count);
    return { ...all, records: all.records.map((one) => ({ ...one, bytes: asGap(one.bytes) })) };
  };
  const asGap = (bytes: Buffer) => Buffer.from(bytes.toString().replace('"SecretGet"', '"AuditDeliveryGap"'));
  assert.deepEqual(await sinkOf(collector).deliver(gap(2)), { refused: 0 });
  const mixed = { ...gap(1), records: [...gap(1).records, ...shipment(1).records] };
  assert.deepEqual(await sinkOf(collector).deliver(mixed), { refused: 1 });
});

test('a server that refuses everything, or the key, gets everything again', async () => {
  await using collector = await startCollector();
  for (const [status, count] of [
    [400, 1],
    [400, 40],
    [401, 3],
    [404, 3],
  ] as const) {
    collector.answer = () => ({ status });
    await assert.rejects(sinkOf(collector).deliver(shipment(count)), (error) => {
      assert.ok(error instanceof DeliveryFailed);
      assert.match(error.message, new RegExp(`^127\\.0\\.0\\.1:\\d+ answered ${status}\\. Check the endpoint`));
      assert.doesNotMatch(error.message, /secret-of-the-collector/);
      return true;
    });
  }
  assert.ok(collector.requests.length < 60, 'forty records are not all asked for one by one');
});

test('a collector that does not answer is a failure in the end', async () => {
  await using collector = await startCollector();
  collector.answer = () => undefined;
  await assert.rejects(sinkOf(collector, 300).deliver(shipment(1)), /does not answer \(no answer in time\)/);
});

test("a vault's records come to the collector that its setting names, and everything to another one", async () => {
  await using collector = await startCollector();
  await using all = await startCollector();
  const otlp = [
    { name: 'Elastic', endpoint: collector.endpoint, headers: [{ name: 'x-key', value: 'secret-of-the-collector' }] },
    { name: 'siem', endpoint: all.endpoint, everything: true },
  ];
  await using world = await startServerWith({ config: { audit: { otlp } } });
  const { client, folder } = world;
  const group = `/subscriptions/${client.identity.subscriptionId}/resourceGroups/rg/providers`;
  await putLoggedVault(client, { marketplacePartnerId: `${group}/Microsoft.Elastic/monitors/elastic` });
  for (let n = 0; n < 5; n += 1) expectStatus(await client.vault('kv-logged', 'GET', `/secrets/a?n=${n}`), 200);
  const reads = () => logged(folder.path);
  const isRead = ({ body }: { readonly body: string }) => body.includes('"operationName":"SecretGet"');
  await until(() => collector.taken.filter(isRead).length >= 5, 'the reads at the collector');
  assert.deepEqual(
    collector.taken.filter(isRead).map(({ body }) => body),
    reads(),
  );
  assert.ok(collector.taken.every(({ attributes }) => attributes.get('azure.category') === 'AuditEvent'));
  await until(() => all.taken.filter(isRead).length >= 5, 'the reads at the other one');
  assert.ok(all.taken.some(({ attributes }) => attributes.get('azure.category') === 'Administrative'));
});

test('a setting that names a collector which is not configured is refused', async () => {
  await using world = await startWithGroup();
  const { client } = world;
  expectStatus(await client.arm('PUT', `${vaults}/kv-logged`, vaultBody(client.identity.tenantId)), 200);
  const path = `${vaults}/kv-logged/providers/Microsoft.Insights/diagnosticSettings/service`;
  const logs = [{ category: 'AuditEvent', enabled: true }];
  const group = `/subscriptions/${client.identity.subscriptionId}/resourceGroups/rg/providers`;
  const marketplacePartnerId = `${group}/Microsoft.Elastic/monitors/absent`;
  const message =
    "properties.marketplacePartnerId names the collector 'absent', which the server's configuration does not have: add it to audit.otlp.";
  expectError(
    await client.arm('PUT', path, { properties: { marketplacePartnerId, logs } }),
    400,
    'BadRequest',
    message,
  );
});

function vaultBody(tenantId: string) {
  return {
    location: 'westeurope',
    properties: { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [] },
  };
}
