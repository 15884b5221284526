import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttp } from '../../src/http/http-server.ts';
import { Ingress } from '../../src/ingress/ingress.ts';
import { compileNat } from '../../src/ingress/nat.ts';
import { testAuthority } from '../ingress/certificates.ts';
import { anyPort, dial, secure } from '../ingress/gate.ts';
import { subnetTlv, version2 } from '../ingress/proxy-encoder.ts';

const authority = await testAuthority('paused');
const certificate = await authority.issue({ dns: ['localhost'] });
const vnet = 'aaaaaaaa-0000-4000-8000-000000000000';
const fromSubnet = version2({
  addresses: ['10.0.0.4', '198.51.100.10'],
  tlvs: [subnetTlv('aaaaaaaa-0000-4000-8000-000000000001')],
});
const fromBalancer = 'PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n';

interface Entrance {
  readonly dial: () => Promise<Socket>;
  readonly close: () => void;
}
type Found = (socket: Socket) => void;

/** The entrances of an HTTP server, each with a way to connect to it. */
const entrances: Readonly<Record<string, (found: Found) => Promise<Entrance>>> = {
  'plain connection': async (found) => {
    const listener = createServer(found).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return { dial: () => dial(portIn(listener.address())), close: () => listener.close() };
  },
  'TLS connection': async (found) => {
    const ingress = openIngress(found);
    const { address } = await ingress.addPublic(anyPort);
    return { dial: async () => secure(await dial(portIn(address)), authority.cert), close: () => ingress.closeAll() };
  },
  'connection of a load balancer': async (found) => {
    const ingress = openIngress(found);
    const { address } = await ingress.addLoadBalancer(anyPort, { from: ['127.0.0.1'], version: 1 });
    const dialBehind = async () => {
      const socket = await dial(portIn(address));
      socket.write(fromBalancer);
      return secure(socket, authority.cert);
    };
    return { dial: dialBehind, close: () => ingress.closeAll() };
  },
  'connection of a gateway on this host': async (found) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-paused-'));
    const path = join(folder, 'in.sock');
    const ingress = openIngress(found);
    await ingress.addUnixGateway(path, { vnet });
    const dialBehind = async () => {
      const socket = connect(path);
      await once(socket, 'connect');
      socket.write(fromSubnet);
      return secure(socket, authority.cert);
    };
    const close = () => {
      ingress.closeAll();
      rmSync(folder, { recursive: true });
    };
    return { dial: dialBehind, close };
  },
  'connection of a gateway on another host': async (found) => {
    const gateways = await testAuthority('gateways');
    const ingress = openIngress(found);
    const domain = 'vault.localhost';
    const { address } = await ingress.addTlsGateway(anyPort, { clientCa: gateways.cert, domain });
    const own = await gateways.issue({ uris: [`spiffe://${domain}/vnet/${vnet}`] });
    const dialBehind = async () => {
      const socket = await secure(await dial(portIn(address)), authority.cert, own);
      socket.write(fromSubnet);
      return secure(socket, authority.cert);
    };
    return { dial: dialBehind, close: () => ingress.closeAll() };
  },
};

function portIn(address: ReturnType<Server['address']>): number {
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

function openIngress(onConnection: Found): Ingress {
  return new Ingress({
    certificates: { own: certificate },
    nat: compileNat([]),
    subnets: { state: () => 'live', inVnet: () => ({ subnet: '/subscriptions/s/vnet/s1' }), lookUp: async () => {} },
    onConnection,
    log: () => {},
    now: Date.now,
  });
}

type Answers = (request: IncomingMessage, response: ServerResponse) => void;

/** Each answer backs the ones behind it up: together they are more than any buffer takes. */
const body = 'x'.repeat(25_000);
const count = 500;
const target = (at: number) => `/${at}${'-'.repeat(1_000)}`;
const asked = Array.from({ length: count }, (_, at) => `GET ${target(at)} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
const answer: Answers = ({ url }, response) => response.end(`${url?.split('-')[0]}${body}`);
/** Long enough for a loaded machine. */
const times = { header: 5_000, request: 10_000, keepAlive: 60_000, stalled: 60_000, check: 50 };

async function open(entrance: (found: Found) => Promise<Entrance>, answers: Answers, own = times) {
  const http = createHttp(own);
  http.on('request', answers);
  const accepted: Socket[] = [];
  const { dial: dialIt, close } = await entrance((socket) => {
    accepted.push(socket);
    http.emit('connection', socket);
  });
  const client = await dialIt();
  client.on('error', () => undefined);
  const dispose = () => {
    client.destroy();
    close();
    http.closeAllConnections();
    http.close();
  };
  return { client, accepted, [Symbol.dispose]: dispose };
}

/** The numbers of the requests that were answered, in the order of their answers. */
function answered(client: Socket): readonly number[] {
  const numbers: number[] = [];
  let rest = '';
  client.setEncoding('latin1').on('data', (chunk: string) => {
    rest += chunk;
    let end = 0;
    for (const found of rest.matchAll(/\r\n\r\n\/(\d+)x{25000}/g)) {
      numbers.push(Number(found[1]));
      end = found.index + found[0].length;
    }
    rest = rest.slice(end);
  });
  return numbers;
}

const all = Array.from({ length: count }, (_, at) => at);

async function until(holds: () => boolean): Promise<void> {
  for (let waits = 0; !holds() && waits < 1_000; waits += 1) await sleep(10);
}

for (const [what, entrance] of Object.entries(entrances)) {
  suite(`a ${what} whose answers back up`, () => {
    for (const [when, answers] of [
      ['at once', answer],
      ['a turn later', (request, response) => setImmediate(answer, request, response)],
      ['in another order', (request, response) => setTimeout(answer, Math.random() * 5, request, response)],
    ] as const satisfies readonly (readonly [string, Answers])[]) {
      test(`gets all of those that are given ${when}`, async () => {
        using opened = await open(entrance, answers);
        const numbers = answered(opened.client);
        opened.client.write(asked);
        await until(() => numbers.length === count || opened.client.destroyed);
        assert.deepEqual(numbers, all);
      });
    }

    test('gets all of them when it begins to read after the time that a header may take', async () => {
      using opened = await open(entrance, answer, { ...times, header: 1_000, request: 1_000 });
      opened.client.pause();
      opened.client.write(asked);
      await sleep(1_500);
      const numbers = answered(opened.client);
      opened.client.resume();
      await until(() => numbers.length === count || opened.client.destroyed);
      assert.deepEqual(numbers, all);
    });

    test('is ended when the client takes none of them for too long', async () => {
      let begun = 0;
      const answers: Answers = (request, response) => {
        begun += 1;
        answer(request, response);
      };
      using opened = await open(entrance, answers, { ...times, stalled: 500 });
      opened.client.pause();
      opened.client.write(asked.repeat(10));
      await until(() => opened.accepted[0]?.destroyed === true);
      assert.equal(opened.accepted[0]?.destroyed, true);
      assert.ok(begun > 0 && begun < count * 10, `${begun} requests were taken`);
    });

    for (const [part, unfinished] of [
      ['header', 'GET / HTTP/1.1\r\nHost: a\r\nX: '],
      ['body', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n'],
    ] as const) {
      test(`is ended when a ${part} that was late meanwhile goes on for too long after it`, async () => {
        const large = 'x'.repeat(500_000);
        const answers: Answers = ({ method }, response) => {
          if (method === 'GET') response.end(large);
        };
        using opened = await open(entrance, answers, { ...times, header: 500, request: 500 });
        opened.client.pause();
        opened.client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20) + unfinished);
        await sleep(1_000);
        assert.equal(opened.accepted[0]?.destroyed, false);
        opened.client.resume();
        const drip = setInterval(() => opened.client.write('y'), 50);
        await until(() => opened.accepted[0]?.destroyed === true);
        clearInterval(drip);
        assert.equal(opened.accepted[0]?.destroyed, true);
      });
    }

    test('is over when the server ends it, whatever its stream had kept', async () => {
      const held: (() => void)[] = [];
      let ended = 0;
      let after = 0;
      using opened = await open(entrance, (request, response) => {
        if (request.url === target(0)) held.push(() => answer(request, response));
        else answer(request, response);
        if (request.socket.destroyed) after += 1;
        // While the stream gives what it has kept.
        if (held.length === 0) {
          request.socket.destroy();
          ended += 1;
        }
      });
      opened.client.resume().write(asked);
      await until(() => held.length === 1);
      await sleep(200);
      held.splice(0).forEach((give) => give());
      await until(() => opened.client.closed);
      await sleep(50);
      assert.ok(ended > 0 && opened.client.closed);
      assert.ok(after < 200, `${after} requests came after the end`);
    });
  });
}
