import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { acls, putVault } from '../data-plane/vaults.ts';
import { startServer } from '../world/server.ts';

test('a request that reaches no edge is answered in Azure’s envelope', async () => {
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
  assert.deepEqual(await ask('this is not a request'), {
    status: 400,
    body: envelope('BadRequest', 'The request is not well-formed HTTP/1.1.'),
  });
  assert.equal((await ask(...get, `X-Large: ${'x'.repeat(15_000)}`)).status, 404, 'a smaller one reaches the vault');
});

test('what is no HTTP is not answered in the place of a request before it', async () => {
  await using world = await startServer();
  const { client } = world;
  const token = await client.token('vault');
  await putVault(client, 'kv-garbage', { networkAcls: acls.allow });
  const host = 'kv-garbage.vault.localhost';
  const put = (framing: string, body: string) =>
    [
      'PUT /secrets/a?api-version=7.4 HTTP/1.1',
      `Host: ${host}:${world.port}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      framing,
      '',
      body,
    ].join('\r\n');
  const whole = put('Content-Length: 13', '{"value":"v"}');
  const ask = async (sent: string) => {
    const socket = connect({ host: '127.0.0.1', port: world.port, ca: client.ca, servername: host });
    let answer = '';
    socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
    socket.on('error', () => undefined);
    socket.write(sent);
    await once(socket, 'close');
    return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
  };
  for (const sent of [whole, `${whole}${whole}`, `${whole}${put('Transfer-Encoding: chunked', '')}`]) {
    assert.deepEqual(await ask(`${sent}zz\r\n\r\n`), []);
  }
  assert.deepEqual(await ask(put('Transfer-Encoding: chunked', 'zz\r\n\r\n')), ['400']);
});
