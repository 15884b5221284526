import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Refusal } from '../../src/ingress/refusal.ts';
import { anyPort, ask, dial, ended, openGate, portOf, secure, subnetA, subnetB, type Gate } from './gate.ts';

const token = 'a-token-of-forty-three-characters-or-so';
const place = { ...subnetA, address: { family: 4, value: 0x0a000004, text: '10.0.0.4' } } as const;
const credential = {
  id: 'one',
  tokenDigest: createHash('sha256').update(token).digest('hex'),
  ...subnetA,
  address: '10.0.0.4',
};
const declaredSource = { kind: 'subnet', ...place, assurance: 'declared' };
const hosts = new Set(['demo.vault.localhost:8443', 'demo.vault.localhost', 'localhost:8443']);

interface DeclaredGate {
  readonly gate: Gate;
  readonly port: number;
}

async function openDeclared(t: TestContext, limits?: Parameters<typeof openGate>[1]): Promise<DeclaredGate> {
  const gate = await openGate(t, limits);
  gate.ingress.declared.bind(credential);
  const listener = await gate.ingress.addDeclared(anyPort, { isOwnHost: (host) => hosts.has(host) });
  return { gate, port: portOf(listener) };
}

const basic = (userAndToken: string) =>
  `Proxy-Authorization: Basic ${Buffer.from(userAndToken).toString('base64')}\r\n`;
const right = basic(`one:${token}`);
const connectTo = (host: string, headers = right) => `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;
const toDemo = connectTo('demo.vault.localhost:8443');

/** The bytes that are received until the header of an answer is complete, or the connection ends. */
async function answerOn(socket: Socket): Promise<string> {
  let answer = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    answer += String(chunk);
    if (answer.startsWith('HTTP/1.1 200') && answer.endsWith('\r\n\r\n')) break;
  }
  return answer;
}

async function send({ port }: DeclaredGate, text: string) {
  const socket = await dial(port);
  socket.on('error', () => undefined);
  socket.write(text);
  const answer = await answerOn(socket);
  return { socket, answer, status: Number(answer.slice(9, 12)) };
}

const reasons = ({ gate }: DeclaredGate) => gate.refused.map(({ refusal }) => refusal);

test('a program that shows the credential has the declared place, and what it says inside changes nothing', async (t) => {
  const declared = await openDeclared(t);
  for (const host of ['demo.vault.localhost:8443', 'demo.vault.localhost:443', 'localhost:8443']) {
    const { socket, answer } = await send(declared, connectTo(host));
    assert.equal(answer, 'HTTP/1.1 200 Connection Established\r\n\r\n');
    const client = await secure(socket, declared.gate.authority.cert);
    assert.deepEqual([await ask(client), await ask(client)], [declaredSource, declaredSource]);
    client.destroy();
  }
  assert.deepEqual(reasons(declared), []);
});

test('no other credential is one, and each attempt costs a connection', async (t) => {
  const declared = await openDeclared(t);
  const wrong = [
    '',
    basic('one:x'),
    basic(`one:${token}x`),
    basic(`one:${token.slice(0, -1)}`),
    basic('one:'),
    basic('one'),
    basic(`two:${token}`),
    basic(`:${token}`),
    basic(`One:${token}`),
    `${right}${right}`,
    right.replace('Basic', 'Bearer'),
    right.replace('Proxy-Authorization', 'Authorization'),
    `Proxy-Authorization: Basic one:${token}\r\n`,
  ];
  for (const headers of wrong) {
    const { answer, socket } = await send(declared, connectTo('demo.vault.localhost:8443', headers));
    assert.match(answer, /^HTTP\/1\.1 407 .*\r\nProxy-Authenticate: Basic realm="Postern"\r\n/, headers);
    assert.ok(!answer.includes(token));
    await ended(socket);
  }
  const lines = JSON.stringify(declared.gate.refused);
  assert.ok(reasons(declared).every(({ kind }) => kind === 'credentialRefused'));
  assert.ok(!lines.includes(token));
});

test('a stranger is not told which hosts there are', async (t) => {
  const { answer } = await send(await openDeclared(t), connectTo('example.com:443', ''));
  assert.match(answer, /^HTTP\/1\.1 407 /);
});

test('no connection to anything but a host of this server is made', async (t) => {
  const declared = await openDeclared(t);
  const foreign = [
    'example.com:443',
    'demo.vault.azure.net:443',
    'demo.vault.localhost:22',
    'demo.vault.localhost:8444',
    'demo.vault.localhost.example.com:8443',
    '127.0.0.1:8443',
    '[::1]:8443',
    '169.254.169.254:80',
  ];
  for (const host of foreign) {
    declared.gate.refused.length = 0;
    const { status } = await send(declared, connectTo(host));
    assert.deepEqual([status, reasons(declared)], [403, [{ kind: 'foreignHost', host }]], host);
  }
});

test('what is not a request for a connection is refused', async (t) => {
  const declared = await openDeclared(t);
  const absolute = `GET http://demo.vault.localhost:8443/ HTTP/1.1\r\nHost: demo.vault.localhost:8443\r\n${right}\r\n`;
  const malformed = (what: string): Refusal => ({ kind: 'connectMalformed', what });
  const cases: readonly (readonly [request: string, status: number, refusal: Refusal])[] = [
    [absolute, 405, { kind: 'notConnect' }],
    [`${absolute}${toDemo}`, 405, { kind: 'notConnect' }],
    [`GET /secrets HTTP/1.1\r\nHost: demo.vault.localhost:8443\r\n${right}\r\n`, 405, { kind: 'notConnect' }],
    [connectTo('demo.vault.localhost:8443', `${right}Content-Length: 4\r\n`), 400, malformed('body')],
    [connectTo('demo.vault.localhost:8443', `${right}Transfer-Encoding: chunked\r\n`), 400, malformed('body')],
    [connectTo('demo.vault.localhost'), 400, malformed('target')],
    [connectTo('demo.vault.localhost:8443:443'), 400, malformed('target')],
    [connectTo('[::1:443'), 400, malformed('target')],
    [connectTo(`one:${token}@demo.vault.localhost:8443`), 400, malformed('target')],
    ['\u0016\u0003\u0001 a ClientHello at once', 400, malformed('HPE_INVALID_METHOD')],
    [connectTo('demo.vault.localhost:8443', `X: ${'x'.repeat(9_000)}\r\n`), 400, malformed('HPE_HEADER_OVERFLOW')],
  ];
  for (const [request, status, refusal] of cases) {
    declared.gate.refused.length = 0;
    const sent = await send(declared, request);
    assert.deepEqual([sent.status, reasons(declared)], [status, [refusal]], request.slice(0, 80));
    assert.equal(sent.answer.split('HTTP/1.1').length, 2, 'one answer');
    await ended(sent.socket);
  }
});

test('what follows the request is TLS, and nothing else is read from it', async (t) => {
  const declared = await openDeclared(t);
  const smuggled = `${toDemo}GET / HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const { socket, answer } = await send(declared, smuggled);
  assert.equal(answer, 'HTTP/1.1 200 Connection Established\r\n\r\n');
  await ended(socket);
  assert.deepEqual(reasons(declared), [{ kind: 'handshakeFailed', code: 'ERR_SSL_HTTP_REQUEST' }]);
});

test('a request that does not come to an end, or floods, ends in time and takes no place for long', async (t) => {
  const declared = await openDeclared(t, { headerTimeoutMs: 200, connectionsPerListener: 3 });
  const slow = await dial(declared.port);
  slow.write('CONNECT demo.vault.localhost:8443 HTTP/1.1\r\n');
  const dripping = setInterval(() => slow.write('X: y\r\n'), 20);
  assert.match(await answerOn(slow), /^HTTP\/1\.1 408 /);
  clearInterval(dripping);
  const silent = await Promise.all([1, 2, 3, 4, 5].map(() => dial(declared.port)));
  const { socket } = await send(declared, toDemo);
  const client = await secure(socket, declared.gate.authority.cert);
  assert.deepEqual(await ask(client), declaredSource);
  await Promise.all(silent.map(ended));
  const kinds = new Set(reasons(declared).map(({ kind }) => kind));
  assert.deepEqual(kinds, new Set(['headerTimeout', 'tooManyConnections']));
});

test('the credential ends with the subnet, also where another has its name, and rests while its endpoint is off', async (t) => {
  const declared = await openDeclared(t);
  const { states, stored } = declared.gate;
  const status = async () => (await send(declared, toDemo)).status;
  states.set(subnetA.incarnation, 'endpointOff');
  assert.equal(await status(), 403);
  states.set(subnetA.incarnation, 'live');
  assert.equal(await status(), 200);
  // Another life of the name.
  states.set(subnetA.incarnation, 'gone');
  states.set('aaaaaaaa-0000-4000-8000-000000000009', 'live');
  assert.equal(await status(), 407);
  // Another node made it: it is gone only where the store does not have it.
  stored.set(subnetA.incarnation, 'live');
  assert.equal(await status(), 200);
  const { incarnation } = subnetA;
  assert.deepEqual(reasons(declared), [
    { kind: 'endpointOff', incarnation },
    { kind: 'subnetGone', incarnation },
  ]);
});

test('a switched endpoint ends the open connections of the subnet, and a revoked credential its own', async (t) => {
  const declared = await openDeclared(t);
  const { ingress, authority } = declared.gate;
  ingress.declared.bind({ ...credential, ...subnetB, id: 'two' });
  const open = async (id: string) => {
    const { socket } = await send(declared, connectTo('demo.vault.localhost:8443', basic(`${id}:${token}`)));
    const client = await secure(socket, authority.cert);
    return { client, socket, source: await ask(client) };
  };
  const [one, two] = [await open('one'), await open('two')];
  assert.ok(two.source.kind === 'subnet' && two.source.incarnation === subnetB.incarnation);
  assert.equal(ingress.closeSubnet(subnetA.incarnation), 1);
  await ended(one.socket);
  assert.deepEqual(await ask(two.client), two.source);
  ingress.declared.unbind('two');
  await ended(two.socket);
  const after = await send(declared, connectTo('demo.vault.localhost:8443', basic(`two:${token}`)));
  assert.equal(after.status, 407);
  assert.equal((await send(declared, toDemo)).status, 200);
});
