import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { startServer } from '../world/server.ts';

test('a request that no edge gets to see is answered in Azure’s envelope', async () => {
  await using world = await startServer();
  const host = 'kv-none.vault.localhost';
  const ask = async (...lines: readonly string[]) => {
    const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.client.ca, servername: host });
    socket.write([...lines, '', ''].join('\r\n'));
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), body };
  };
  const get = ['GET /secrets?api-version=7.4 HTTP/1.1', `Host: ${host}:${world.port}`, 'Connection: close'];
  const envelope = (code: string, message: string) => JSON.stringify({ error: { code, message } });
  assert.deepEqual(await ask(...get, `X-Large: ${'x'.repeat(17_000)}`), {
    status: 431,
    body: envelope(
      'RequestHeaderFieldsTooLarge',
      'The header of the request is larger than the 16384 bytes that are allowed.',
    ),
  });
  assert.deepEqual(await ask('this is no request'), {
    status: 400,
    body: envelope('BadRequest', 'The request is not well-formed HTTP/1.1.'),
  });
  assert.equal((await ask(...get, `X-Large: ${'x'.repeat(15_000)}`)).status, 404, 'a smaller one reaches the vault');
});
