import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import { acls, networks, putVault } from '../data-plane/vaults.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

let world: TestServer;
let token: string;

before(async () => {
  world = await startServer();
  token = await world.client.token('vault');
  await putVault(world.client, 'kv-expect', { networkAcls: acls.deny });
});

after(() => world[Symbol.asyncDispose]());

const vault = 'kv-expect.vault.localhost';
const body = '{"value":"v"}';
const put = 'PUT /secrets/a?api-version=7.4';

interface Asked {
  readonly line: string;
  readonly host?: string;
  /** That its header names, if not the same. */
  readonly named?: string;
  readonly from?: string;
  readonly headers?: readonly string[];
  readonly type?: string;
}

/** Sends this header, which expects to be asked for a body, and what is given after it when it is asked. */
async function ask(asked: Asked, first = '') {
  const { line, host = vault, named = host, from = networks.allowed, headers = [], type = 'application/json' } = asked;
  const to = { host: '127.0.0.1', port: world.port, ca: world.client.ca, servername: host, localAddress: from };
  const socket = connect(to);
  let [answer, isSent] = ['', false];
  const statuses = () => [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
    if (isSent || !statuses().includes(100)) return;
    isSent = true;
    socket.write(body);
  });
  const framing = [`Content-Type: ${type}`, `Content-Length: ${body.length}`, 'Expect: 100-continue'];
  socket.write(
    [`${first}${line} HTTP/1.1`, `Host: ${named}:${world.port}`, ...headers, ...framing, '', ''].join('\r\n'),
  );
  while (statuses().filter((status) => status >= 200).length < (first === '' ? 1 : 2)) await once(socket, 'data');
  const closes = /^connection: close\r$/im.test(answer);
  if (closes) await once(socket, 'close');
  socket.destroy();
  return { statuses: statuses(), closes };
}

suite('a client that expects to be asked for its body', () => {
  const bearer = () => ({ headers: [`Authorization: Bearer ${token}`] });
  const refused: Readonly<Record<string, readonly [asked: () => Asked, status: number]>> = {
    'a stranger': [() => ({ line: put }), 401],
    'in a network that is not allowed': [() => ({ line: put, from: networks.refused, ...bearer() }), 403],
    'in a vault without such an operation': [() => ({ line: 'PUT /nothing?api-version=7.4', ...bearer() }), 404],
    'of another host': [() => ({ line: put, named: 'kv-other.vault.localhost', ...bearer() }), 421],
    'a stranger to the resource manager': [
      () => ({ line: 'PUT /subscriptions/x/resourceGroups/y?api-version=2023-07-01', host: 'localhost' }),
      404,
    ],
    'a stranger to Graph': [() => ({ line: 'POST /v1.0/users', host: 'localhost' }), 401],
  };
  for (const [who, [asked, status]] of Object.entries(refused)) {
    test(`${who} is refused without being asked, and the connection ends`, async () => {
      assert.deepEqual(await ask(asked()), { statuses: [status], closes: true });
    });
  }

  test('is asked once it is admitted', async () => {
    assert.deepEqual(await ask({ line: put, ...bearer() }), { statuses: [100, 200], closes: false });
  });

  test('is asked after the answer to its request before', async () => {
    const first = `GET /secrets?api-version=7.4 HTTP/1.1\r\nHost: ${vault}:${world.port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    assert.deepEqual(await ask({ line: put, ...bearer() }, first), { statuses: [200, 100, 200], closes: false });
  });

  test('is asked for a form by the authority', async () => {
    const line = 'POST /common/oauth2/v2.0/token';
    const type = 'application/x-www-form-urlencoded';
    assert.deepEqual((await ask({ line, host: 'localhost', type })).statuses, [100, 400]);
  });
});
