import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ToReader } from '../../src/worker/readers/protocol.ts';
import { WorkerLink } from '../../src/worker/readers/link.ts';
import { dataFolder } from '../world/process.ts';

const certificate = { key: '', cert: '' };
const own = { own: certificate, azure: certificate, operator: [], gatewayAuthorities: '' };
const state = { masterKeys: [], tenantId: '', ...own };

/** A worker's end, and a reader that carries out each order by `obey`. */
async function linked(obey: (kind: ToReader['kind'], count: number) => Promise<void>) {
  const folder = dataFolder();
  const path = join(folder.path, 'readers.sock');
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket.resume());
    socket.on('error', () => undefined);
  });
  server.listen(path);
  await once(server, 'listening');
  const heard: string[] = [];
  const link = new WorkerLink({
    path,
    preface: { epoch: 1, reader: 1, pid: 1 },
    async obey({ kind }) {
      heard.push(kind);
      await obey(kind, heard.length);
    },
    lost: () => heard.push('lost'),
    failed() {
      heard.push('failed');
      queueMicrotask(() => heard.push('after'));
    },
    vitals: () => ({ connections: [], inFlight: 0, cpuSeconds: 0, residentBytes: 0 }),
  });
  const connected = async (): Promise<Socket> => connections.shift() ?? (await once(server, 'connection'), connected());
  return {
    heard,
    connected,
    [Symbol.dispose]() {
      link.close();
      for (const socket of connections) socket.destroy();
      server.close();
      folder[Symbol.dispose]();
    },
  };
}

const changed = { kind: 'changed', keys: [] };
const line = (order: object, number: number) => `${JSON.stringify({ ...order, order: number })}\n`;

test('a state that was told on a connection which has ended is not begun with', async () => {
  const obeying = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  using world = await linked(async (kind, count) => {
    if (kind !== 'changed') return;
    obeying.resolve();
    if (count === 1) await release.promise;
  });
  const first = await world.connected();
  first.write(line(changed, 1) + line({ kind: 'state', state }, 2));
  await obeying.promise;
  first.destroy();
  const next = await world.connected();
  release.resolve();
  const answered = once(next, 'data');
  next.write(line({ kind: 'state', state }, 1) + line(changed, 2));
  await answered;
  next.destroy();
  assert.deepEqual(world.heard.slice(0, 3), ['changed', 'lost', 'state']);
  assert.equal(world.heard.filter((one) => one === 'state').length, 1);
});

test('a reader that cannot carry out an order answers nothing from then on, before the worker knows it', async () => {
  using world = await linked(async () => {
    throw new Error('the database cannot be read');
  });
  const first = await world.connected();
  first.write(line(changed, 1));
  await once(first, 'close');
  assert.deepEqual(world.heard.slice(0, 3), ['changed', 'failed', 'lost']);
  assert.equal(world.heard[3], 'after');
});
