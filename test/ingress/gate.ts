import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { SubnetDirectory } from '../../src/ingress/attribution.ts';
import { Ingress } from '../../src/ingress/ingress.ts';
import type { IngressLimits, OpenListener } from '../../src/ingress/options.ts';
import { compileNat } from '../../src/ingress/nat.ts';
import type { RefusedConnection } from '../../src/ingress/refusal.ts';
import type { Source } from '../../src/types/source.ts';
import { testAuthority, type TestAuthority } from './certificates.ts';

export const vnetA = 'aaaaaaaa-0000-4000-8000-000000000000';
export const vnetB = 'bbbbbbbb-0000-4000-8000-000000000000';
export const subnetA = { subnet: '/subscriptions/s/vneta/s1', incarnation: 'aaaaaaaa-0000-4000-8000-000000000001' };
export const subnetB = { subnet: '/subscriptions/s/vnetb/s1', incarnation: 'bbbbbbbb-0000-4000-8000-000000000001' };

/** An ingress with an HTTP server behind it that answers each request with the source of its connection. */
export interface Gate {
  readonly ingress: Ingress;
  readonly authority: TestAuthority;
  readonly refused: RefusedConnection[];
  /** The state of the subnets; at first both are live. */
  readonly states: Map<string, ReturnType<SubnetDirectory['state']>>;
  /** The results of a look-up. */
  readonly stored: Gate['states'];
  readonly folder: string;
  /** How far the ingress's clock is ahead of ours. */
  readonly clock: { aheadMs: number };
}

export async function openGate(t: TestContext, limits: Partial<IngressLimits> = {}): Promise<Gate> {
  const authority = await testAuthority('public');
  const folder = await mkdtemp(join(tmpdir(), 'postern-ingress-'));
  const refused: RefusedConnection[] = [];
  const states: Gate['states'] = new Map([
    [subnetA.incarnation, 'live'],
    [subnetB.incarnation, 'live'],
  ]);
  const stored: Gate['states'] = new Map();
  const http = createServer((request, response) => {
    ingress.begin(request.socket);
    response.once('close', () => ingress.end(request.socket));
    if (request.url !== '/never') response.end(JSON.stringify(ingress.sourceOf(request.socket)));
  });
  const clock = { aheadMs: 0 };
  const ingress = new Ingress({
    certificates: { own: await authority.issue({ dns: ['localhost'] }) },
    nat: compileNat([{ from: '127.0.0.0/24', to: '203.0.113.0/24' }]),
    subnets: {
      state: (incarnation) => states.get(incarnation) ?? 'gone',
      inVnet: (vnet, incarnation) =>
        [
          { vnet: vnetA, addressPrefix: '10.0.0.0/24', ...subnetA },
          { vnet: vnetB, ...subnetB },
        ].find((known) => known.vnet === vnet && known.incarnation === incarnation),
      lookUp: async (incarnation) => {
        const state = stored.get(incarnation);
        if (state !== undefined) states.set(incarnation, state);
      },
    },
    onConnection: (socket) => http.emit('connection', socket),
    log: (line) => refused.push(line),
    now: () => Date.now() + clock.aheadMs,
    limits,
  });
  t.after(async () => {
    ingress.closeAll();
    http.close();
    await rm(folder, { recursive: true });
  });
  return { ingress, authority, refused, states, stored, folder, clock };
}

/** The port on loopback that a listener took. */
export function portOf(listener: OpenListener): number {
  assert.ok(typeof listener.address === 'object' && listener.address !== null);
  return listener.address.port;
}

export const anyPort = { host: '127.0.0.1', port: 0 };

export async function dial(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  await once(socket, 'connect');
  return socket;
}

/** A client's TLS on an open connection, HTTP/1.1 offered. */
export async function secure(socket: Socket, ca: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const secured = connectTls({ socket, ca, servername: 'localhost', ALPNProtocols: ['http/1.1'], ...options });
  await once(secured, 'secureConnect');
  return secured;
}

/** One GET on an open connection, which stays open: the source that the server sees. */
export async function ask(socket: Socket): Promise<Source> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n');
  let answer = '';
  while (!answer.endsWith('}')) {
    const received: unknown[] = await once(socket, 'data');
    answer += String(received[0]);
  }
  const source: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
  assert.ok(isSource(source), answer);
  return source;
}

/** Enough to recognise what the server of `openGate` wrote. */
function isSource(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

/** Waits until the other end has ended the connection, cleanly or not. */
export async function ended(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  // Not `once` of node:events, which rejects for an earlier error.
  await new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}

/** The refusals so far, once there is one. */
export async function refusals(gate: Gate): Promise<readonly RefusedConnection['refusal'][]> {
  while (gate.refused.length === 0) await new Promise(setImmediate);
  return gate.refused.map(({ refusal }) => refusal);
}
