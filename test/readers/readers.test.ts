import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lchownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { subnetKey } from '../../src/resources/keys.ts';
import { decode } from '../../src/store/store.ts';
import type { SubnetState } from '../../src/types/vault.ts';
import { linesOf } from '../audit/log-lines.ts';
import { at, networks, putNetwork, subnetId } from '../control-plane/resources.ts';
import { acls, putVault } from '../data-plane/vaults.ts';
import { subnetTlv, version2 } from '../ingress/proxy-encoder.ts';
import { hangUp, load } from '../start/hang-up.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';
import type { RunningPostern } from '../world/process.ts';
import { pinnedTo, pinnedToEach, processesOf } from './pinned.ts';

const folder = dataFolder();
const data = join(folder.path, 'data');
const gateway = join(folder.path, 'gateway', 'in.sock');
let world: RunningPostern;
let incarnation: string;

before(async () => {
  chmodSync(folder.path, 0o755);
  for (const name of ['gateway', 'data']) mkdirSync(join(folder.path, name), { mode: 0o700 });
  const vnet = await makeNetwork();
  const config = join(folder.path, 'postern.json');
  writeFileSync(config, JSON.stringify({ readers: 2, gateways: { unix: [{ path: gateway, vnet }] } }));
  world = await startPostern(['--data', data, '--config', config, ...giveToWorker(data)]);
});

/** Gives the files that root has made to the user that the worker then runs as. */
function giveToWorker(path: string): readonly string[] {
  if (process.geteuid?.() !== 0) return [];
  const user = 61_043;
  const made = readdirSync(path, { recursive: true, encoding: 'utf8' });
  for (const name of ['.', ...made]) lchownSync(join(path, name), user, user);
  return ['--user', String(user)];
}

/** The gateway's settings name a network by the GUID that it gets when it is made. */
async function makeNetwork(): Promise<string> {
  await using earlier = await startServerWith({ data, demo: true });
  const { client } = earlier;
  await putVault(client, 'kv-net', {});
  await putNetwork(client, 'net', ['sub0']);
  const subnets = await earlier.folder.store.list({ prefix: subnetKey(''), limit: 100 });
  const subnet = subnets
    .map((record) => decode<SubnetState>(record))
    .find(({ id }) => id.endsWith('/net/subnets/sub0'));
  assert.ok(subnet);
  incarnation = subnet.incarnation;
  return String(at((await client.arm('GET', `${networks}/net`)).body, 'properties', 'resourceGuid'));
}

after(async () => {
  await world[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const allowed = { from: '127.0.0.7' };
/** Rules that let in another client than `allowed`. */
const otherRules = { ...acls.deny, ipRules: [{ value: '203.0.113.8' }] };

async function vaultWithSecret(name: string): Promise<void> {
  await putVault(world.client, name, { networkAcls: acls.deny });
  const set = await world.client.vault(name, 'PUT', '/secrets/s', { ...allowed, body: { value: 'v' } });
  assert.equal(set.status, 200, JSON.stringify(set.body));
}

function recordsOf(vault: string) {
  return linesOf(join(data, 'audit')).filter(({ resourceId }) => resourceId.endsWith(`/${vault.toUpperCase()}`));
}

test('a reader answers reads, and hands over all else on the same connection, with the source that it proved', async () => {
  const { client } = world;
  await vaultWithSecret('kv-mixed');
  for (const one of await pinnedToEach(world, 2)) {
    using reader = one;
    const sent = { agent: reader.agent, ...allowed };
    const value = 'v'.repeat(20_000);
    const set = await client.vault('kv-mixed', 'PUT', '/secrets/s', { ...sent, body: { value } });
    assert.equal(set.status, 200, JSON.stringify(set.body));
    const got = await client.vault('kv-mixed', 'GET', '/secrets/s', sent);
    assert.deepEqual([got.status, got.body['value']], [200, value]);
    const missing = await client.vault('kv-mixed', 'GET', '/secrets/none', sent);
    assert.deepEqual([missing.status, missing.body['error']?.['code']], [404, 'SecretNotFound']);
    const listed = await client.vault('kv-mixed', 'GET', '/secrets', sent);
    assert.equal(listed.body['value']?.['length'], 1);
    // No header changes the source, here or there.
    const headers = { 'x-forwarded-for': '203.0.113.8', forwarded: 'for=203.0.113.8' };
    const claimed = await client.vault('kv-mixed', 'GET', '/secrets/none', { ...sent, headers });
    assert.equal(
      claimed.headers['x-ms-keyvault-network-info'],
      'conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;',
    );
    const group = await client.arm('GET', '/resourceGroups/rg', undefined, sent);
    assert.equal(group.status, 200, JSON.stringify(group.body));
  }
  using refused = await pinnedTo(world, 'reader', '127.0.0.8');
  const denied = await client.vault('kv-mixed', 'GET', '/secrets/s', { agent: refused.agent, from: '127.0.0.8' });
  assert.deepEqual([denied.status, denied.body['error']?.['innererror']?.['code']], [403, 'ForbiddenByFirewall']);
  const records = recordsOf('kv-mixed');
  const counts = (name: string, status: number) =>
    records.filter(({ operationName, properties }) => operationName === name && properties.httpStatusCode === status);
  assert.equal(counts('SecretGet', 200).length, 2);
  assert.equal(counts('SecretList', 200).length, 2);
  assert.equal(counts('SecretGet', 404).length, 4);
  assert.equal(counts('SecretGet', 403).length, 1);
  for (const { properties } of records) assert.match(String(properties.tlsVersion), /^TLS/);
});

test('a rule change is in force on each reader for the next request, with its cache warm', async () => {
  const { client } = world;
  await vaultWithSecret('kv-rules');
  const readers = await pinnedToEach(world, 2);
  const outcomes: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    await putVault(client, 'kv-rules', { networkAcls: round % 2 === 0 ? acls.deny : otherRules });
    for (const { agent } of readers) {
      const { status } = await client.vault('kv-rules', 'GET', '/secrets/s', { ...allowed, agent });
      outcomes.push(`${round % 2}:${status}`);
    }
  }
  for (const reader of readers) reader[Symbol.dispose]();
  assert.deepEqual(
    outcomes,
    Array.from({ length: 40 }, (_, index) => (Math.floor(index / 2) % 2 === 0 ? '0:200' : '1:403')),
  );
});

/** A connection of the subnet through the gateway, that a reader has accepted: it ends with the reader. */
async function throughGateway() {
  const socket = connect(gateway);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(version2({ addresses: ['10.0.0.4', '198.51.100.10'], tlvs: [subnetTlv(incarnation)] }));
  const { hostname } = new URL(world.client.vaultOrigin('kv-net'));
  const tls = connectTls({ socket, ca: world.client.ca, servername: hostname });
  tls.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    tls.once('close', () => resolve());
  });
  const secured = new Promise<void>((resolve) => {
    tls.once('secureConnect', () => resolve());
  });
  await Promise.race([secured, closed]);
  assert.ok(!tls.destroyed, `the connection was refused: ${world.stderr()}`);
  return { tls, closed };
}

test('connections of a subnet to readers end before its service endpoint is answered to be off', async () => {
  const { client } = world;
  await putVault(client, 'kv-net', {
    networkAcls: {
      defaultAction: 'Deny',
      bypass: 'None',
      virtualNetworkRules: [{ id: subnetId(client, 'net', 'sub0') }],
    },
  });
  const token = await client.token('vault');
  const { host } = new URL(client.vaultOrigin('kv-net'));
  const head = ['GET /secrets?api-version=7.4 HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${token}`];
  const get = [...head, '', ''].join('\r\n');
  // With so many, each of the three processes has some.
  for (const round of [1, 2]) {
    const opened: Awaited<ReturnType<typeof throughGateway>>[] = [];
    while (opened.length < 24) opened.push(await throughGateway());
    for (const { tls } of opened) {
      tls.setEncoding('latin1').write(get);
      const answer = await dataOf(tls);
      assert.match(answer, /^HTTP\/1\.1 200 /, `round ${round}`);
    }
    let late = 0;
    let isOff = false;
    for (const { tls } of opened) tls.on('data', () => (late += isOff ? 1 : 0));
    const off = await putNetwork(client, 'net', ['sub0'], {});
    assert.ok(off.status < 300, JSON.stringify(off.body));
    isOff = true;
    for (const { tls } of opened) tls.write(get);
    await Promise.all(opened.map(({ closed }) => closed));
    assert.equal(late, 0);
    const on = await putNetwork(client, 'net', ['sub0']);
    assert.ok(on.status < 300, JSON.stringify(on.body));
  }
});

/** Changes a vault's rules until `signal`, and asks on four connections after each change. Returns what was wrong. */
async function flipRules(vault: string, signal: AbortSignal) {
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const wrong: string[] = [];
  let flips = 0;
  for (; !signal.aborted; flips += 1) {
    const isOpen = flips % 2 === 0;
    await putVault(world.client, vault, { networkAcls: isOpen ? acls.deny : otherRules });
    const ask = (agent: Agent) => world.client.vault(vault, 'GET', '/secrets/s', { ...allowed, agent });
    // An idle connection may end just when a request is sent on it: a client asks again then.
    const asked = agents.map((agent) => ask(agent).catch(() => ask(agent)));
    for (const { status } of await Promise.all(asked))
      if (status !== (isOpen ? 200 : 403)) wrong.push(`flip ${flips}: ${status}`);
  }
  for (const agent of agents) agent.destroy();
  return { flips, wrong };
}

test('SIGHUP replaces the worker and its readers: no request is lost, and each rule change is in force at once', async () => {
  await vaultWithSecret('kv-reload');
  const first = processesOf(world);
  const over = new AbortController();
  const running = load(world, 2);
  const flipping = flipRules('kv-reload', over.signal);
  await hangUp(world);
  for (const reader of await pinnedToEach(world, 2)) reader[Symbol.dispose]();
  over.abort();
  const { flips, wrong } = await flipping;
  const { requests, failures } = await running.stop();
  assert.deepEqual([wrong, failures], [[], []]);
  assert.ok(flips > 2 && requests > 20, `${flips} ${requests}`);
  const { worker, readers } = processesOf(world);
  const kept = [worker, ...readers].filter((pid) => [first.worker, ...first.readers].includes(pid));
  assert.deepEqual(kept, []);
});

test('a revoked key of tokens verifies nothing on any reader, and another master key opens new vaults there', async () => {
  const { client } = world;
  await vaultWithSecret('kv-keys');
  const postern = (...words: readonly string[]) =>
    promisify(execFile)(join(import.meta.dirname, '../../bin/postern'), [...words, '--data', data]);
  const readers = await pinnedToEach(world, 2);
  const token = await client.token('vault');
  const get = async (vault: string, given: object = {}) => {
    const statuses: number[] = [];
    for (const { agent } of readers)
      statuses.push((await client.vault(vault, 'GET', '/secrets/s', { ...allowed, agent, ...given })).status);
    return statuses;
  };
  assert.deepEqual(await get('kv-keys', { token }), [200, 200]);
  await postern('master-key', 'rotate', '--discard-old-key');
  assert.deepEqual(await get('kv-keys', { token }), [200, 200]);
  await vaultWithSecret('kv-next-key');
  assert.deepEqual(await get('kv-next-key'), [200, 200]);
  await postern('token-key', 'rotate', '--revoke');
  assert.deepEqual(await get('kv-keys', { token }), [401, 401]);
  for (const reader of readers) reader[Symbol.dispose]();
});

test('a killed reader is replaced, and readers go on with the next worker; what waits for it is answered', async () => {
  const { client } = world;
  const { worker, readers } = processesOf(world);
  const token = async () => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.identity.clientId,
      client_secret: client.identity.clientSecret,
      scope: 'https://vault.azure.net/.default',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `${client.home}/${client.identity.tenantId}/oauth2/v2.0/token`;
    return String((await client.send(url, { method: 'POST', headers, body: body.toString() })).body['access_token']);
  };
  const given = { ...allowed, token: await token() };
  const [first = 0] = readers;
  process.kill(first, 'SIGKILL');
  await until(() => processesOf(world).readers.filter((pid) => pid !== first).length === 2, 'another reader');
  for (const reader of await pinnedToEach(world, 2)) {
    const got = await client.vault('demo', 'GET', '/secrets/greeting', { ...given, agent: reader.agent });
    assert.equal(got.status, 200);
    reader[Symbol.dispose]();
  }
  using kept = await pinnedTo(world, 'reader');
  process.kill(worker, 'SIGKILL');
  const sent = { ...given, agent: kept.agent };
  // A read whose record was on its way to the worker is cut off, as the worker's own are; what comes later waits for the next worker.
  const again = () => client.vault('demo', 'GET', '/secrets/greeting', sent).catch(() => undefined);
  await until(async () => (await again())?.status === 200, 'an answer after the death of the worker');
  assert.ok(processesOf(world).readers.includes(kept.pid), 'the reader has lived on');
  const set = await client.vault('demo', 'PUT', '/secrets/after', { ...sent, body: { value: 'v' } });
  assert.equal(set.status, 200);
  const got = await client.vault('demo', 'GET', '/secrets/after', sent);
  assert.equal(got.status, 200);
});

async function dataOf(socket: Readable): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once('data', (text: string) => resolve(text));
  return promise;
}
