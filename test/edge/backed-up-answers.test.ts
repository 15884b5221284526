import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { acls, networks, putVault } from '../data-plane/vaults.ts';
import { Pipelined } from '../world/pipelined.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

let world: TestServer;
let token: string;
before(async () => {
  world = await startServer();
  await putVault(world.client, 'kv-busy', { networkAcls: acls.deny });
  for (const [name, length] of Object.entries(secrets)) {
    const body = { value: 'x'.repeat(length) };
    await world.client.vault('kv-busy', 'PUT', `/secrets/${name}`, { body, from: networks.allowed });
  }
  token = await world.client.token('vault');
});
after(() => world[Symbol.asyncDispose]());

const secrets = { small: 10, large: 25_000 };

/** A connection on which each answer's status must be that of its request. */
async function open(): Promise<Pipelined<number>> {
  const to = { client: world.client, vault: 'kv-busy', from: networks.allowed };
  return Pipelined.open<number>(to, (status, expected) => assert.equal(status, expected));
}

/** Requests of every kind: what is answered at once, what is read, refused and written. */
function sendMany(busy: Pipelined<number>, count: number): void {
  const value = 'y'.repeat(20_000);
  for (let at = 0; at < count; at += 1) {
    busy.send({ line: 'GET /secrets/large?api-version=7.4', token, count: 5 }, 200);
    busy.send({ line: 'GET /healthstatus', token }, 200);
    busy.send({ line: 'GET /secrets/none?api-version=7.4', token }, 404);
    busy.send({ line: 'GET /secrets/large?api-version=7.4', token: 'none' }, 401);
    if (at % 5 === 0) busy.send({ line: 'PUT /secrets/written?api-version=7.4', token, body: { value } }, 200);
  }
}

suite('a client that sends thousands of requests without waiting for their large answers', () => {
  test('gets all of them, in order', async () => {
    const busy = await open();
    sendMany(busy, 250);
    await busy.settled();
    assert.equal(busy.unanswered, 0);
    busy.socket.destroy();
  });

  test('gets all of them when it reads now and then', async () => {
    const busy = await open();
    sendMany(busy, 50);
    const timer = setInterval(() => (busy.socket.isPaused() ? busy.socket.resume() : busy.socket.pause()), 7);
    await busy.settled();
    clearInterval(timer);
    assert.equal(busy.unanswered, 0);
    busy.socket.destroy();
  });

  test('keeps nobody else from an answer, nor do those that never read or go away in the middle', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, open));
    const reading = all.filter((_, at) => at % 3 === 0);
    for (const [at, busy] of all.entries()) {
      if (at % 3 === 1) busy.socket.pause();
      sendMany(busy, 60);
      if (at % 3 === 2) setTimeout(() => busy.socket.destroy(), 10 * at);
    }
    const calm = await open();
    for (let at = 0; at < 20; at += 1) {
      calm.send({ line: 'GET /secrets/small?api-version=7.4', token }, 200);
      await calm.settled();
    }
    assert.ok(
      reading.some(({ unanswered }) => unanswered > 0),
      'others were still being answered',
    );
    await Promise.all(reading.map((busy) => busy.settled()));
    assert.deepEqual(
      reading.map(({ unanswered }) => unanswered),
      reading.map(() => 0),
    );
    for (const { socket } of [...all, calm]) socket.destroy();
  });
});
