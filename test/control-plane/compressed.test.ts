import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { isCompressible } from '../../src/control-plane/compress.ts';
import { get } from '../world/get.ts';
import { startServer } from '../world/server.ts';

test('a large answer is compressed for clients that accept it, and means the same', async () => {
  await using world = await startServer();
  const { client } = world;
  const tags = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`tag${index}`, 'x'.repeat(200)]));
  for (const name of ['a', 'b', 'c']) {
    assert.equal((await client.arm('PUT', `/resourceGroups/${name}`, { location: 'westeurope', tags })).status, 201);
  }
  const authorization = `Bearer ${await client.token('arm')}`;
  const subscription = `/subscriptions/${client.identity.subscriptionId}`;
  const read = (path: string, encoding: string | undefined, method = 'GET') =>
    get(world, `${subscription}${path}?api-version=2023-07-01`, {
      method,
      headers: { authorization, ...(encoding !== undefined && { 'accept-encoding': encoding }) },
    });

  const plain = await read('/resourceGroups', undefined);
  assert.deepEqual([plain.status, plain.headers['content-encoding']], [200, undefined]);
  assert.ok(plain.body.length >= 8192);
  const packed = await read('/resourceGroups', 'gzip, deflate');
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(packed.headers['content-length'], String(packed.body.length));
  assert.ok(packed.body.length < plain.body.length / 5);
  assert.equal(gunzipSync(packed.body).toString(), plain.body.toString());
  // A cache must not give the one to a client that wants the other.
  assert.deepEqual([plain.headers.vary, packed.headers.vary], ['accept-encoding', 'accept-encoding']);
  assert.equal((await read('/resourceGroups', 'gzip;q=0')).headers['content-encoding'], undefined);

  // Many at once: those that find the two places taken are sent as they are, and none is lost.
  const many = await Promise.all(Array.from({ length: 12 }, () => read('/resourceGroups', 'gzip')));
  for (const { status, headers, body } of many) {
    const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    assert.deepEqual([status, text.toString()], [200, plain.body.toString()]);
  }
  assert.ok(many.some(({ headers }) => headers['content-encoding'] === 'gzip'));

  // A small answer is not worth it.
  const one = await read('/resourceGroups/a', 'gzip');
  assert.deepEqual([one.status, one.headers['content-encoding'], one.headers.vary], [200, undefined, undefined]);
});

test('an answer with a secret, which is of a POST, stays as it is', () => {
  const large = Buffer.alloc(8192);
  assert.equal(isCompressible({ method: 'GET' }, large), true);
  assert.equal(isCompressible({ method: 'GET' }, large.subarray(1)), false);
  for (const method of ['POST', 'PUT', 'PATCH', 'HEAD']) assert.equal(isCompressible({ method }, large), false, method);
});
