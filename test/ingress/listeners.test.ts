import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { Refusal } from '../../src/ingress/refusal.ts';
import { testAuthority } from './certificates.ts';
import { anyPort, ask, dial, ended, openGate, portOf, refusals, secure, subnetA, subnetB } from './gate.ts';
import { subnetTlv, version2 } from './proxy-encoder.ts';

test('a public client is seen at its NAT address, on IPv4 and on a socket of both families, whatever its headers say', async (t) => {
  const gate = await openGate(t);
  for (const host of ['127.0.0.1', '::']) {
    const port = portOf(await gate.ingress.addPublic({ host, port: 0 }));
    const client = await secure(await dial(port, '127.0.0.7'), gate.authority.cert);
    const source = await ask(client);
    assert.deepEqual(source, { kind: 'public', address: { family: 4, value: 0xcb007107, text: '203.0.113.7' } });
    client.destroy();
  }
  assert.deepEqual(gate.refused, []);
});

test('a client on a subnet listener is that subnet, at its own private address', async (t) => {
  const gate = await openGate(t);
  const port = portOf(await gate.ingress.addSubnetListener(anyPort, subnetA));
  const client = await secure(await dial(port, '127.0.0.9'), gate.authority.cert);
  const address = { family: 4, value: 0x7f000009, text: '127.0.0.9' };
  assert.deepEqual(await ask(client), { kind: 'subnet', ...subnetA, address, assurance: 'enforced' });
  client.destroy();
});

test('a PROXY header on a public or a subnet listener is not a ClientHello: the connection is ended and logged', async (t) => {
  for (const header of [version2({ tlvs: [subnetTlv(subnetA.incarnation)] }), 'PROXY TCP4 10.0.0.4 10.0.0.5 1 2\r\n']) {
    const gate = await openGate(t);
    for (const listener of [
      await gate.ingress.addPublic(anyPort),
      await gate.ingress.addSubnetListener(anyPort, subnetB),
    ]) {
      const forger = await dial(portOf(listener));
      forger.write(header);
      await ended(forger);
    }
    const code = 'ERR_SSL_WRONG_VERSION_NUMBER';
    assert.deepEqual(
      gate.refused.map(({ listener, remoteAddress, refusal }) => ({ listener, remoteAddress, refusal })),
      ['public', 'subnet'].map((listener) => ({
        listener,
        remoteAddress: '127.0.0.1',
        refusal: { kind: 'handshakeFailed', code },
      })),
    );
  }
});

test('a connection whose subnet is gone or switched off is closed when it is accepted', async (t) => {
  for (const [state, kind] of [
    ['gone', 'subnetGone'],
    ['endpointOff', 'endpointOff'],
  ] as const) {
    const gate = await openGate(t);
    gate.states.set(subnetA.incarnation, state);
    const port = portOf(await gate.ingress.addSubnetListener(anyPort, subnetA));
    await ended(await dial(port));
    const expected: Refusal = { kind, incarnation: subnetA.incarnation };
    assert.deepEqual(await refusals(gate), [expected]);
  }
});

test('a subnet that is not known here is looked up before it counts as gone', async (t) => {
  const gate = await openGate(t);
  const port = portOf(await gate.ingress.addSubnetListener(anyPort, subnetA));
  gate.states.delete(subnetA.incarnation);
  await ended(await dial(port));
  gate.stored.set(subnetA.incarnation, 'endpointOff');
  await ended(await dial(port));
  const { incarnation } = subnetA;
  assert.deepEqual(await refusals(gate), [
    { kind: 'subnetGone', incarnation },
    { kind: 'endpointOff', incarnation },
  ]);
  gate.states.delete(incarnation);
  gate.stored.set(incarnation, 'live');
  const socket = await secure(await dial(port), gate.authority.cert);
  assert.equal((await ask(socket)).kind, 'subnet');
  socket.destroy();
});

test('switching a subnet off ends its open connections, also unfinished handshakes, and no others', async (t) => {
  const gate = await openGate(t);
  const [a, b] = [
    portOf(await gate.ingress.addSubnetListener(anyPort, subnetA)),
    portOf(await gate.ingress.addSubnetListener(anyPort, subnetB)),
  ];
  // Connections are accepted in order: once a later one has had an answer, this one was accepted.
  const silent = await dial(a);
  const clients = [await secure(await dial(a), gate.authority.cert), await secure(await dial(a), gate.authority.cert)];
  for (const client of clients) await ask(client);
  const other = await secure(await dial(b), gate.authority.cert);
  await ask(other);
  assert.equal(gate.ingress.closeSubnet(subnetA.incarnation), 3);
  await Promise.all([...clients, silent].map(ended));
  assert.equal((await ask(other)).kind, 'subnet');
  assert.equal(gate.ingress.closeSubnet(subnetA.incarnation), 0);
  other.destroy();
});

test("a metadata listener proves the subnet with and without its endpoint, in clear, and outlives the endpoint's end", async (t) => {
  const gate = await openGate(t);
  const metadata = createServer((request, response) => {
    response.end(JSON.stringify(gate.ingress.sourceOf(request.socket)));
  });
  t.after(() => metadata.close());
  const hand = (socket: Socket) => metadata.emit('connection', socket);
  const port = portOf(await gate.ingress.addMetadataListener(anyPort, subnetA, hand));
  const client = await dial(port);
  for (const state of ['live', 'endpointOff'] as const) {
    gate.states.set(subnetA.incarnation, state);
    gate.ingress.closeSubnet(subnetA.incarnation);
    for (const socket of [client, await dial(port)]) {
      const { incarnation } = subnetA;
      assert.partialDeepStrictEqual(await ask(socket), { kind: 'subnet', incarnation, address: { text: '127.0.0.1' } });
    }
  }
  gate.states.set(subnetA.incarnation, 'gone');
  const late = await dial(port);
  await ended(late);
  assert.deepEqual(await refusals(gate), [{ kind: 'subnetGone', incarnation: subnetA.incarnation }]);
  client.destroy();
});

test('a metadata listener has the limits of the others', async (t) => {
  const gate = await openGate(t, { connectionsPerSource: 2 });
  const kept: Socket[] = [];
  const port = portOf(await gate.ingress.addMetadataListener(anyPort, subnetA, (socket) => kept.push(socket)));
  const [first, ...others] = [await dial(port), await dial(port), await dial(port)];
  await ended(first);
  assert.deepEqual(await refusals(gate), [{ kind: 'tooManyConnections', limit: 2 }]);
  for (const socket of others) socket.destroy();
});

test('closing a listener ends its connections and frees its port; others continue', async (t) => {
  const gate = await openGate(t);
  const [closing, staying] = [await gate.ingress.addPublic(anyPort), await gate.ingress.addPublic(anyPort)];
  const client = await secure(await dial(portOf(closing)), gate.authority.cert);
  await ask(client);
  closing.close();
  await ended(client);
  await assert.rejects(dial(portOf(closing)), { code: 'ECONNREFUSED' });
  const other = await secure(await dial(portOf(staying)), gate.authority.cert);
  assert.equal((await ask(other)).kind, 'public');
  other.destroy();
});

test('a port that is taken is refused when it is opened', async (t) => {
  const gate = await openGate(t);
  const port = portOf(await gate.ingress.addPublic(anyPort));
  await assert.rejects(gate.ingress.addPublic({ host: '127.0.0.1', port }), { code: 'EADDRINUSE' });
});

test('only TLS 1.2 and later and only HTTP/1.1 are spoken', async (t) => {
  const gate = await openGate(t);
  const port = portOf(await gate.ingress.addPublic(anyPort));
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await assert.rejects(secure(await dial(port), gate.authority.cert, old));
  await assert.rejects(secure(await dial(port), gate.authority.cert, { ALPNProtocols: ['h2'] }));
  assert.deepEqual(await refusals(gate), [
    { kind: 'handshakeFailed', code: 'ERR_SSL_UNSUPPORTED_PROTOCOL' },
    { kind: 'handshakeFailed', code: 'ERR_SSL_NO_APPLICATION_PROTOCOL' },
  ]);
  const client = await secure(await dial(port), gate.authority.cert, { maxVersion: 'TLSv1.2' });
  assert.equal(client.alpnProtocol, 'http/1.1');
  client.destroy();
});

test('a handshake that does not finish is ended, and more connections than allowed are dropped', async (t) => {
  const gate = await openGate(t, { handshakeTimeoutMs: 50, connectionsPerListener: 1 });
  const port = portOf(await gate.ingress.addPublic(anyPort));
  const first = await dial(port);
  await ended(await dial(port));
  await ended(first);
  assert.deepEqual(
    (await refusals(gate)).toSorted((one, other) => one.kind.localeCompare(other.kind)),
    [{ kind: 'handshakeTimeout' }, { kind: 'tooManyConnections', limit: 1 }],
  );
});

test('a peer is not late because this process was stopped: its header and its handshake are read before it is judged', async (t) => {
  const waitMs = 2_500;
  const gate = await openGate(t, { handshakeTimeoutMs: waitMs, headerTimeoutMs: waitMs });
  const direct = await dial(portOf(await gate.ingress.addPublic(anyPort)));
  const balanced = { from: ['127.0.0.1'], version: 1 } as const;
  const relayed = await dial(portOf(await gate.ingress.addLoadBalancer(anyPort, balanced)));
  while (gate.ingress.connections.total < 2) await new Promise(setImmediate);
  relayed.write('PROXY TCP4 198.51.100.1 127.0.0.1 1 2\r\n');
  const clients = [direct, relayed].map((socket) => secure(socket, gate.authority.cert));
  // Like SIGSTOP, or a machine that gives this process no time: what was sent waits, and the timers are due.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs + 500);
  for (const client of await Promise.all(clients)) {
    assert.equal((await ask(client)).kind, 'public');
    client.destroy();
  }
  assert.deepEqual(gate.refused, []);
});

test("the operator's certificate is shown for its names, also after a replacement, and the server's own for all others", async (t) => {
  const gate = await openGate(t);
  const other = await testAuthority('of the operator');
  const issue = async (...names: readonly string[]) => ({
    ...(await other.issue({ dns: names })),
    names,
    keyType: 'ec' as const,
  });
  const port = portOf(await gate.ingress.addPublic(anyPort));
  const ca = [gate.authority.cert, other.cert].join('\n');
  const serial = async (servername: string | undefined, more: object = {}) => {
    const named = servername === undefined ? {} : { servername };
    const client = await secure(await dial(port), ca, { checkServerIdentity: () => undefined, ...named, ...more });
    const shown = client.getPeerX509Certificate();
    const session = client.getSession();
    const isReused = client.isSessionReused();
    client.destroy();
    return { serial: shown?.serialNumber, issuer: shown?.issuer, session, isReused };
  };
  const own = await serial('localhost');
  const [exact, wildcard] = [await issue('demo.vault.localhost'), await issue('*.vault.localhost', 'home.example')];
  const serialOf = ({ cert }: { readonly cert: string }) => new X509Certificate(cert).serialNumber;
  gate.ingress.shown.setOperator([wildcard, exact]);
  const rows = [
    ['demo.vault.localhost', serialOf(exact)],
    ['DEMO.vault.localhost', serialOf(exact)],
    ['other.vault.localhost', serialOf(wildcard)],
    ['home.example', serialOf(wildcard)],
    // A wildcard stands for one label, and for one.
    ['a.b.vault.localhost', own.serial],
    ['vault.localhost', own.serial],
    ['localhost', own.serial],
    ['x.home.example', own.serial],
    [undefined, own.serial],
  ] as const;
  for (const [name, expected] of rows) assert.equal((await serial(name)).serial, expected, name ?? 'without SNI');
  // A client that resumes its session would not see another certificate.
  const before = await serial('home.example', { maxVersion: 'TLSv1.2' });
  const resumed = await serial('home.example', { maxVersion: 'TLSv1.2', session: before.session });
  assert.ok(resumed.isReused);
  const later = await issue('home.example');
  gate.ingress.shown.setOperator([later]);
  const after = await serial('home.example', { maxVersion: 'TLSv1.2', session: before.session });
  assert.deepEqual([after.isReused, after.serial], [false, serialOf(later)]);
  assert.throws(() => gate.ingress.shown.setOperator([{ ...later, key: exact.key }]), /key values mismatch/);
  assert.equal((await serial('home.example')).serial, serialOf(later));
  gate.ingress.shown.setOperator([]);
  assert.equal((await serial('home.example')).serial, own.serial);
});

test('a socket that did not come through the ingress has no source', async (t) => {
  const gate = await openGate(t);
  const source = gate.ingress.sourceOf({});
  assert.deepEqual(source, { kind: 'unknown', reason: 'the connection did not come through the ingress' });
});
