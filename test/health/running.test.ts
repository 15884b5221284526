import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import test from 'node:test';
import { memberOf } from '../../src/http/request.ts';
import { askLine } from '../../src/lines/ask.ts';
import type { SealedStore } from '../../src/store/sealed.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';

function ask(url: string): Promise<{ readonly status: number | undefined; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => {
      json(answer).then((body) => resolve({ status: answer.statusCode, body }), reject);
    }).once('error', reject);
  });
}

const passed = ['phase', 'store', 'log'].map((name) => ({ name, ok: true }));

async function statusOf({ ready }: RunningPostern): Promise<unknown> {
  const answer: unknown = JSON.parse(await askLine(ready.controlSocket, { show: 'status' }));
  return memberOf(answer, 'status');
}

test('probes are answered on a socket that outlives the worker, and connection.json names it', async () => {
  using folder = dataFolder();
  await using server = await startPostern(['--data', folder.path, '--health', '127.0.0.1:0']);
  const connection: unknown = JSON.parse(readFileSync(join(folder.path, 'connection.json'), 'utf8'));
  const health = String(memberOf(connection, 'health'));
  assert.match(health, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  assert.deepEqual(await ask(`${health}/healthz`), { status: 200, body: { status: 'live' } });
  const ready = await ask(`${health}/readyz`);
  assert.equal(ready.status, 200);
  assert.equal(memberOf(ready.body, 'status'), 'ready');
  assert.deepEqual(memberOf(ready.body, 'checks'), passed);
  const first = server.workerPid();
  const before = await statusOf(server);
  assert.equal(memberOf(before, 'ready'), true);
  assert.deepEqual(memberOf(before, 'checks'), passed);
  assert.equal(memberOf(memberOf(before, 'worker'), 'pid'), first);
  assert.equal(memberOf(memberOf(before, 'worker'), 'restarts'), 0);
  process.kill(first, 'SIGKILL');
  // These wait in the socket's queue for the next worker, or find it starting.
  await until(async () => (await ask(`${health}/healthz`).catch(() => undefined))?.status === 200, 'a live worker');
  await until(async () => (await ask(`${health}/readyz`).catch(() => undefined))?.status === 200, 'a ready worker');
  assert.notEqual(server.workerPid(), first);
  const after = await statusOf(server);
  assert.equal(memberOf(memberOf(after, 'worker'), 'restarts'), 1);
  assert.equal(memberOf(after, 'startedAt'), memberOf(before, 'startedAt'));
  // A worker that hangs says nothing; the supervisor does.
  process.kill(server.workerPid(), 'SIGSTOP');
  try {
    const stopped = await statusOf(server);
    assert.equal(memberOf(stopped, 'ready'), false);
    assert.match(JSON.stringify(memberOf(stopped, 'checks')), /"worker","ok":false.*does not answer/);
  } finally {
    process.kill(server.workerPid(), 'SIGCONT');
  }
  await server.end('SIGTERM');
  await assert.rejects(ask(`${health}/healthz`), { code: 'ECONNREFUSED' });
});

test('a log that cannot be written is why a server is not ready, until it can', async () => {
  using folder = dataFolder();
  await using running = await startServerWith({ data: folder.path });
  const { checks } = running.server;
  assert.equal(checks.log(), undefined);
  const audit = join(folder.path, 'audit');
  renameSync(audit, `${audit}-away`);
  writeFileSync(audit, '');
  await until(() => checks.log() !== undefined, 'the failure of the log');
  assert.match(checks.log() ?? '', /The audit log in .* cannot be written/);
  assert.equal(await checks.store(), undefined);
  renameSync(audit, `${audit}-file`);
  renameSync(`${audit}-away`, audit);
  await until(() => checks.log() === undefined, 'the log');
});

test('a store that failed is tried again by the check itself', async () => {
  let broken = false;
  let tried = 0;
  const wrapStore = (store: SealedStore): SealedStore => ({
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    rotateMasterKey: (key) => store.rotateMasterKey(key),
    destroyDomain: (domain) => store.destroyDomain(domain),
    close: () => store.close(),
    async transact(transaction) {
      if (transaction.put?.some(({ key }) => key === 'health/trial') === true) tried += 1;
      if (broken) throw new Error('no space left on device');
      return store.transact(transaction);
    },
  });
  await using running = await startServerWith({ wrapStore });
  const { client, server } = running;
  assert.equal(await server.checks.store(), undefined);
  broken = true;
  assert.equal((await client.arm('PUT', '/resourceGroups/g', { location: 'westeurope' })).status, 503);
  const failure = 'The database cannot be written: no space left on device';
  assert.deepEqual([await server.checks.store(), await server.checks.store(), tried], [failure, failure, 1]);
  broken = false;
  // The interval of trials has to pass.
  await until(async () => (await server.checks.store()) === undefined, 'a trial that succeeds');
  assert.equal(tried, 2);
  assert.deepEqual([await server.checks.store(), tried], [undefined, 2]);
});
