import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { before, after, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

/** The answer to one request, sent unchanged over a TLS connection to `servername`. */
async function ask(
  { client, port }: TestServer,
  lines: readonly string[],
  servername: string | undefined = 'localhost',
): Promise<{ readonly status: number; readonly body: string }> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: client.ca,
    ...(servername !== undefined && { servername }),
    // Some of these names are not in the certificate; the test needs the server's answer to them.
    checkServerIdentity: () => undefined,
  });
  socket.write([...lines, 'Connection: close', '', ''].join('\r\n'));
  const [head = '', ...body] = (await text(socket)).split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), body: body.join('\r\n\r\n') };
}

describe('a request', () => {
  let world: TestServer;
  const own = (host: string) => `${host}:${world.port}`;
  const path = '/metadata?api-version=2022-12-01';
  before(async () => {
    world = await startServer();
  });
  after(() => world[Symbol.asyncDispose]());

  const misdirected = (host: string) => ({
    status: 421,
    body: JSON.stringify({
      error: {
        code: 'MisdirectedRequest',
        message: `The request names the host '${host}', which is not one of this server on this connection. Use the vault's own URL.`,
      },
    }),
  });

  it('reaches the home or a vault that its Host names', async () => {
    const home = await ask(world, [`GET ${path} HTTP/1.1`, `Host: ${own('localhost')}`]);
    assert.match(home.body, /"code":"InvalidResourceType"/);
    const vaultHost = 'kv-none.vault.localhost';
    const vault = await ask(world, ['GET /secrets HTTP/1.1', `Host: ${own(vaultHost)}`], vaultHost);
    assert.equal(vault.status, 404);
    assert.doesNotMatch(vault.body, /MisdirectedRequest/);
  });

  it('may have name and SNI in any case, and no SNI or an address in it', async () => {
    const lines = [`GET ${path} HTTP/1.1`, `hOsT: ${own('LocalHost')}`];
    for (const servername of ['localhost', 'LOCALHOST', '']) {
      assert.equal((await ask(world, lines, servername)).status, 404, servername);
    }
    for (const host of ['localhost', 'localhost:443'])
      assert.equal((await ask(world, [`GET ${path} HTTP/1.1`, `Host: ${host}`])).status, 404, 'the port is 443');
  });

  it('that names no host, two hosts or a foreign one gets 421', async () => {
    const get = `GET ${path} HTTP/1.1`;
    const host = own('localhost');
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[get], ''],
      [[get, 'Host:'], ''],
      [[get, `Host: ${host}`, `Host: ${host}`], host],
      [[get, `Host: ${host}`, `HOST: ${own('kv.vault.localhost')}`], host],
      [[get, 'Host: localhost:1'], 'localhost:1'],
      [[get, `Host: ${host}:443`], `${host}:443`],
      [[get, 'Host: evil.example'], 'evil.example'],
      [[get, `Host: ${own('vault.localhost')}`], own('vault.localhost')],
      [[get, `Host: ${own('a.b.vault.localhost')}`], own('a.b.vault.localhost')],
      [[get, `X-Forwarded-Host: ${host}`, 'Host: evil.example'], 'evil.example'],
      [[get, `X-Host: ${host}`], ''],
    ];
    for (const [lines, shown] of cases) assert.deepEqual(await ask(world, lines), misdirected(shown), lines.join('|'));
  });

  it('with its target in absolute form gets 421, even if it names a host of ours', async () => {
    const host = own('localhost');
    for (const target of [`https://${host}${path}`, `http://evil.example${path}`, '*']) {
      const method = target === '*' ? 'OPTIONS' : 'GET';
      const answered = await ask(world, [`${method} ${target} HTTP/1.1`, `Host: ${host}`]);
      assert.deepEqual(answered, misdirected(host), target);
    }
  });

  it('over a connection that was opened to another name gets 421', async () => {
    const cases = [
      [own('localhost'), 'kv.vault.localhost'],
      [own('kv.vault.localhost'), 'localhost'],
      [own('kv-1.vault.localhost'), 'kv-2.vault.localhost'],
      [own('kv.vault.localhost'), 'evil.example'],
    ] as const;
    for (const [host, servername] of cases) {
      const answered = await ask(world, [`GET ${path} HTTP/1.1`, `Host: ${host}`], servername);
      assert.deepEqual(answered, misdirected(host), `${host} over ${servername}`);
    }
  });
});
