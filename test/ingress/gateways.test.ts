import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { AcceptedVersion } from '../../src/ingress/proxy-header.ts';
import type { Refusal } from '../../src/ingress/refusal.ts';
import { testAuthority } from './certificates.ts';
import {
  anyPort,
  ask,
  dial,
  ended,
  openGate,
  portOf,
  refusals,
  secure,
  subnetA,
  subnetB,
  vnetA,
  vnetB,
  type Gate,
} from './gate.ts';
import { signature, subnetTlv, version2 } from './proxy-encoder.ts';

const headerOfA = version2({ addresses: ['10.0.0.4', '198.51.100.10'], tlvs: [subnetTlv(subnetA.incarnation)] });
const sourceOfA = {
  kind: 'subnet',
  ...subnetA,
  address: { family: 4, value: 0x0a000004, text: '10.0.0.4' },
  assurance: 'enforced',
};

async function openUnixGateway(t: TestContext, limits?: Parameters<typeof openGate>[1]) {
  const gate = await openGate(t, limits);
  const path = join(gate.folder, 'in.sock');
  const listener = await gate.ingress.addUnixGateway(path, { vnet: vnetA });
  const dialPath = async (): Promise<Socket> => {
    const socket = connect(path);
    await once(socket, 'connect');
    return socket;
  };
  return { gate, listener, dialPath };
}

test('a gateway on this host says which of its subnets a connection comes from, however its header is cut', async (t) => {
  const { gate, dialPath } = await openUnixGateway(t);
  for (const cut of [0, 1, 12, 16, 28, headerOfA.length - 1]) {
    const socket = await dialPath();
    socket.write(headerOfA.subarray(0, cut));
    await new Promise(setImmediate);
    socket.write(headerOfA.subarray(cut));
    const client = await secure(socket, gate.authority.cert);
    assert.deepEqual(await ask(client), sourceOfA);
    assert.deepEqual(await ask(client), sourceOfA);
    client.destroy();
  }
  assert.deepEqual(gate.refused, []);
});

test('the ClientHello may come in the same segment as the header', async (t) => {
  const { gate, dialPath } = await openUnixGateway(t);
  const socket = await dialPath();
  socket.cork();
  socket.write(headerOfA);
  const client = secure(socket, gate.authority.cert);
  await new Promise(setImmediate);
  socket.uncork();
  const secured = await client;
  assert.deepEqual(await ask(secured), sourceOfA);
  secured.destroy();
});

test('a header that is forged, foreign, or of a subnet that is gone or off is refused with its reason', async (t) => {
  const { incarnation } = subnetA;
  const claim = (value: string) => version2({ tlvs: [subnetTlv(value)] });
  const unknown = 'cccccccc-0000-4000-8000-000000000001';
  const cases: readonly (readonly [bytes: Buffer | string, refusal: Refusal])[] = [
    [claim(subnetB.incarnation), { kind: 'subnetOfAnotherVnet', incarnation: subnetB.incarnation }],
    [claim(unknown), { kind: 'subnetGone', incarnation: unknown }],
    [claim(`name=${incarnation}`), { kind: 'subnetNotNamed' }],
    [claim(subnetA.subnet), { kind: 'subnetNotNamed' }],
    [version2(), { kind: 'subnetNotNamed' }],
    ...['8.8.8.8', '10.0.1.0', '9.255.255.255'].map((address) => {
      const bytes = version2({ addresses: [address, '198.51.100.10'], tlvs: [subnetTlv(incarnation)] });
      return [bytes, { kind: 'addressOutside', address, addressPrefix: '10.0.0.0/24' }] as const;
    }),
    [version2({ addresses: ['2001:db8::1', '2001:db8::2'], tlvs: [subnetTlv(incarnation)] }), { kind: 'notIpv4' }],
    [
      version2({ tlvs: [subnetTlv(subnetB.incarnation), subnetTlv(incarnation)] }),
      { kind: 'header', problem: { kind: 'tlvTwice', type: 0xe1 } },
    ],
    ['PROXY TCP4 10.0.0.4 10.0.0.5 1 2\r\n', { kind: 'header', problem: { kind: 'versionNotAccepted', version: 1 } }],
    ['\x16\x03\x01\x02\x00\x01\x00', { kind: 'header', problem: { kind: 'notProxy' } }],
    [version2({ length: 65_535 }), { kind: 'header', problem: { kind: 'tooLong' } }],
  ];
  for (const [bytes, refusal] of cases) {
    const { gate, dialPath } = await openUnixGateway(t);
    const socket = await dialPath();
    socket.write(bytes);
    await ended(socket);
    assert.deepEqual(await refusals(gate), [refusal]);
  }
  const { gate, dialPath } = await openUnixGateway(t);
  gate.states.set(incarnation, 'endpointOff');
  const socket = await dialPath();
  socket.write(headerOfA);
  await ended(socket);
  assert.deepEqual(await refusals(gate), [{ kind: 'endpointOff', incarnation }]);
});

test('a header that is cut off, or comes too slowly, is refused', async (t) => {
  const cut = await openUnixGateway(t);
  const leaving = await cut.dialPath();
  leaving.end(headerOfA.subarray(0, 20));
  await ended(leaving);
  assert.deepEqual(await refusals(cut.gate), [{ kind: 'headerEnded' }]);

  const slow = await openUnixGateway(t, { headerTimeoutMs: 60 });
  const dripping = await slow.dialPath();
  let sent = 0;
  const drip = setInterval(() => dripping.write(headerOfA.subarray(sent, (sent += 1))), 10);
  await ended(dripping);
  clearInterval(drip);
  assert.ok(sent < headerOfA.length);
  assert.deepEqual(await refusals(slow.gate), [{ kind: 'headerTimeout' }]);
});

test('a second header after the first is not a ClientHello', async (t) => {
  const { gate, dialPath } = await openUnixGateway(t);
  const socket = await dialPath();
  socket.write(Buffer.concat([headerOfA, headerOfA]));
  await ended(socket);
  assert.deepEqual(await refusals(gate), [{ kind: 'handshakeFailed', code: 'ERR_SSL_WRONG_VERSION_NUMBER' }]);
});

test('a connection of the gateway itself has no source, and switching a subnet off leaves it alone', async (t) => {
  const { gate, dialPath } = await openUnixGateway(t);
  const socket = await dialPath();
  socket.write(Buffer.concat([signature, Buffer.from([0x20, 0x00, 0, 0])]));
  const checking = await secure(socket, gate.authority.cert);
  assert.equal((await ask(checking)).kind, 'unknown');
  assert.equal(gate.ingress.closeSubnet(subnetA.incarnation), 0);
  assert.equal((await ask(checking)).kind, 'unknown');
  checking.destroy();
});

test("switching a subnet off ends a gateway's connections of that subnet", async (t) => {
  const { gate, dialPath } = await openUnixGateway(t);
  const socket = await dialPath();
  socket.write(headerOfA);
  const client = await secure(socket, gate.authority.cert);
  await ask(client);
  assert.equal(gate.ingress.closeSubnet(subnetA.incarnation), 1);
  await ended(client);
});

async function openTlsGateway(t: TestContext): Promise<{ gate: Gate; port: number; gateways: GatewayAuthority }> {
  const gate = await openGate(t);
  const gateways = await testAuthority('gateways');
  const listener = await gate.ingress.addTlsGateway(anyPort, { clientCa: gateways.cert, domain: 'localhost' });
  return { gate, port: portOf(listener), gateways };
}

type GatewayAuthority = Awaited<ReturnType<typeof testAuthority>>;

async function dialTls(gate: Gate, port: number, credentials: ConnectionOptions) {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    ca: gate.authority.cert,
    servername: 'localhost',
    ...credentials,
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

const nameOf = (vnet: string, domain = 'localhost') => ({ uris: [`spiffe://${domain}/vnet/${vnet}`] });

test("a listener without an operator's authority believes no gateway but those of `trustGateways`", async (t) => {
  const gate = await openGate(t);
  const port = portOf(await gate.ingress.addTlsGateway(anyPort, { domain: 'localhost' }));
  const own = await testAuthority('own');
  const credentials = await own.issue(nameOf(vnetA));
  const stranger = await (await testAuthority('stranger')).issue(nameOf(vnetA));
  await ended(await dialTls(gate, port, credentials));
  gate.ingress.trustGateways(own.cert);
  await ended(await dialTls(gate, port, stranger));
  const code = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  const untrusted = { kind: 'certificateNotTrusted', code };
  assert.deepEqual(await refusals(gate), [untrusted, untrusted]);
  const channel = await dialTls(gate, port, credentials);
  channel.write(headerOfA);
  const client = await secure(channel, gate.authority.cert);
  assert.deepEqual(await ask(client), sourceOfA);
  client.destroy();
});

test('new connections of clients and gateways see a renewed certificate, and open ones continue', async (t) => {
  const { gate, port, gateways } = await openTlsGateway(t);
  const credentials = await gateways.issue(nameOf(vnetA));
  const publicPort = portOf(await gate.ingress.addPublic(anyPort));
  const shown = (socket: TLSSocket) => socket.getPeerX509Certificate()?.serialNumber;
  const open = async () => {
    const channel = await dialTls(gate, port, credentials);
    channel.write(headerOfA);
    const client = await secure(channel, gate.authority.cert);
    const direct = await secure(await dial(publicPort), gate.authority.cert);
    return { client, direct, serials: [channel, client, direct].map(shown) };
  };
  const before = await open();
  assert.equal(new Set(before.serials).size, 1);
  gate.ingress.setCertificate(await gate.authority.issue({ dns: ['localhost'] }));
  const after = await open();
  assert.equal(new Set(after.serials).size, 1);
  assert.notEqual(after.serials[0], before.serials[0]);
  for (const { client, direct } of [before, after]) {
    assert.equal((await ask(client)).kind, 'subnet');
    assert.equal((await ask(direct)).kind, 'public');
  }
});

test("a gateway on another host is bound to its certificate's virtual network, and its clients' TLS ends here", async (t) => {
  const { gate, port, gateways } = await openTlsGateway(t);
  const channel = await dialTls(gate, port, await gateways.issue(nameOf(vnetA)));
  channel.write(headerOfA);
  const client = await secure(channel, gate.authority.cert);
  assert.deepEqual(await ask(client), sourceOfA);
  assert.deepEqual(await ask(client), sourceOfA);
  assert.equal(gate.ingress.closeSubnet(subnetA.incarnation), 1);
  await ended(channel);
  assert.deepEqual(gate.refused, []);
});

test("a gateway that claims another network's subnet, or whose certificate names no network, is refused", async (t) => {
  const { incarnation } = subnetA;
  const cases: readonly (readonly [names: Parameters<GatewayAuthority['issue']>[0], refusal: Refusal])[] = [
    [nameOf(vnetB), { kind: 'subnetOfAnotherVnet', incarnation }],
    [nameOf(vnetA, 'elsewhere.example'), { kind: 'certificateWithoutVnet' }],
    [{ dns: [`spiffe://localhost/vnet/${vnetA}`] }, { kind: 'certificateWithoutVnet' }],
    [{ uris: [...nameOf(vnetA).uris, ...nameOf(vnetB).uris] }, { kind: 'certificateWithoutVnet' }],
    [{}, { kind: 'certificateWithoutVnet' }],
  ];
  for (const [names, refusal] of cases) {
    const { gate, port, gateways } = await openTlsGateway(t);
    const channel = await dialTls(gate, port, await gateways.issue(names));
    channel.write(headerOfA);
    await ended(channel);
    assert.deepEqual(await refusals(gate), [refusal], JSON.stringify(names));
  }
});

test("without a certificate of the gateways' authority no header is read", async (t) => {
  const { gate, port } = await openTlsGateway(t);
  // The public authority signs the server, not gateways.
  const foreign = await gate.authority.issue(nameOf(vnetA));
  for (const credentials of [{}, foreign]) {
    const channel = connectTls({
      host: '127.0.0.1',
      port,
      ca: gate.authority.cert,
      servername: 'localhost',
      ...credentials,
    });
    channel.write(headerOfA);
    await ended(channel);
  }
  const plain = await dial(port);
  plain.write(headerOfA);
  await ended(plain);
  assert.deepEqual(await refusals(gate), [
    { kind: 'handshakeFailed', code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' },
    { kind: 'certificateNotTrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    { kind: 'handshakeFailed', code: 'ERR_SSL_WRONG_VERSION_NUMBER' },
  ]);
});

const daysMs = 86_400_000;

test('a gateway is believed within the time of its certificate alone, also after its handshake', async (t) => {
  const { gate, port, gateways } = await openTlsGateway(t);
  const credentials = await gateways.issue(nameOf(vnetA));
  const rows = [
    [2 * daysMs, 'CERT_HAS_EXPIRED'],
    [-2 * daysMs, 'CERT_NOT_YET_VALID'],
  ] as const;
  for (const [aheadMs, code] of rows) {
    gate.refused.length = 0;
    gate.clock.aheadMs = aheadMs;
    await ended(await dialTls(gate, port, credentials));
    assert.deepEqual(await refusals(gate), [{ kind: 'certificateNotTrusted', code }]);
  }
  gate.clock.aheadMs = 0;
  gate.refused.length = 0;
  const [long, short] = [credentials, await gateways.issue({ ...nameOf(vnetA), endsInSeconds: 3 })];
  const [stays, ends] = [await dialTls(gate, port, long), await dialTls(gate, port, short)];
  for (const channel of [stays, ends]) channel.write(headerOfA);
  const kept = await secure(stays, gate.authority.cert);
  const cut = await secure(ends, gate.authority.cert);
  assert.deepEqual(await ask(cut), sourceOfA);
  await ended(cut);
  assert.deepEqual(await refusals(gate), [{ kind: 'certificateNotTrusted', code: 'CERT_HAS_EXPIRED' }]);
  assert.deepEqual(await ask(kept), sourceOfA);
  kept.destroy();
});

test('a gateway proves itself again in each handshake', async (t) => {
  const { gate, port, gateways } = await openTlsGateway(t);
  const credentials = await gateways.issue(nameOf(vnetA));
  const publicPort = portOf(await gate.ingress.addPublic(anyPort));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const resumes = async (to: number): Promise<boolean> => {
      const first = await dialTls(gate, to, { ...credentials, maxVersion });
      let session = first.getSession();
      first.on('session', (ticket: Buffer<ArrayBuffer>) => (session = ticket));
      // The tickets of TLS 1.3 come after the handshake, before the first answer.
      if (to === port) first.write(headerOfA);
      const client = to === port ? await secure(first, gate.authority.cert) : first;
      await ask(client);
      client.destroy();
      assert.ok(session);
      const second = await dialTls(gate, to, { ...credentials, maxVersion, session });
      const isReused = second.isSessionReused();
      second.destroy();
      return isReused;
    };
    // A client's session is resumed: nothing was proved in its handshake.
    assert.deepEqual([await resumes(publicPort), await resumes(port)], [true, false], maxVersion);
  }
});

test('a load balancer names the public address that it saw, in the agreed version', async (t) => {
  const gate = await openGate(t);
  const line = Buffer.from('PROXY TCP4 127.0.0.7 127.0.0.1 1 2\r\n');
  const binary = version2({ addresses: ['127.0.0.7', '127.0.0.1'], tlvs: [subnetTlv(subnetA.incarnation)] });
  const cases: readonly (readonly [version: AcceptedVersion, header: Buffer])[] = [
    [1, line],
    [2, binary],
    ['any', line],
    ['any', binary],
  ];
  for (const [version, header] of cases) {
    const port = portOf(await gate.ingress.addLoadBalancer(anyPort, { from: ['127.0.0.0/29'], version }));
    const socket = await dial(port);
    socket.write(header);
    const client = await secure(socket, gate.authority.cert);
    // Neither the NAT table nor a claimed subnet applies.
    assert.deepEqual(await ask(client), {
      kind: 'public',
      address: { family: 4, value: 0x7f000007, text: '127.0.0.7' },
    });
    client.destroy();
  }
});

test("a stranger at the load balancer's listener, or the wrong version, is refused", async (t) => {
  const gate = await openGate(t);
  const port = portOf(await gate.ingress.addLoadBalancer(anyPort, { from: ['127.0.0.0/29', '::1'], version: 2 }));
  await ended(await dial(port, '127.0.0.8'));
  const wrong = await dial(port, '127.0.0.7');
  wrong.write('PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n');
  await ended(wrong);
  assert.deepEqual(await refusals(gate), [
    { kind: 'notTheLoadBalancer' },
    { kind: 'header', problem: { kind: 'versionNotAccepted', version: 1 } },
  ]);
});
