/** `Postern.Insight/callers` and `ruleStates` over HTTP: sources, callers and rules as requests really used them. */
import assert from 'node:assert/strict';
import { connect as openSocket } from 'node:tls';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import { seenRequest } from '../../src/insight/seen.ts';
import { Callers } from '../../src/recent/callers.ts';
import { auditRecord } from '../../src/audit/record.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { CallerRow, CallersAnswer, RuleStatesAnswer } from '../../src/types/activity.ts';
import type { FirewallSettings } from '../../src/types/firewall.ts';
import { putNetwork, subnetId } from '../control-plane/resources.ts';
import { acls, networks, putVault, register, vaultPath } from '../data-plane/vaults.ts';
import type { Client } from '../world/client.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import { freePort } from '../world/free-port.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

const databricks = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';

let world: TestServer;

before(async () => {
  world = await startServer();
});

after(() => world[Symbol.asyncDispose]());

async function insight<T>(client: Client, vault: string, what: string): Promise<T> {
  const { status, body } = await client.arm('GET', `${vault}/providers/Postern.Insight/${what}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as T;
}

async function callersOf(vault: string): Promise<CallersAnswer> {
  return insight<CallersAnswer>(world.client, vaultPath(vault), 'callers');
}

const shown = ({ operation, permission, because, count, failed }: CallerRow) =>
  [operation, permission, because, count, failed].join(' ');

suite('callers', () => {
  test('are those that the firewall let in, with what they did and how often it failed anyway', async () => {
    const { client } = world;
    await putVault(client, 'kv-callers', { networkAcls: acls.denyBypass });
    const other = await client.token('vault', await register(world));
    const from = networks.allowed;
    await client.vault('kv-callers', 'PUT', '/secrets/s', { from, body: { value: 'v' } });
    for (let turn = 0; turn < 3; turn += 1) await client.vault('kv-callers', 'GET', '/secrets/s', { from });
    await client.vault('kv-callers', 'GET', '/secrets/missing', { from });
    await client.vault('kv-callers', 'GET', '/secrets/s', { from: networks.refused });
    await client.vault('kv-callers', 'GET', '/secrets/s', { from, token: other });
    const { value, dropped, windowHours } = await callersOf('kv-callers');
    assert.deepEqual(value.map(shown), [
      'SecretSet secrets/set ipRule 1 0',
      'SecretGet secrets/get ipRule 4 1',
      'SecretGet secrets/get ipRule 1 1',
    ]);
    assert.deepEqual([dropped, windowHours], [0, 24]);
    assert.ok(value.every(({ source }) => source.kind === 'public' && source.address === '203.0.113.7'));
    assert.notEqual(value[1]?.caller.objectId, value[2]?.caller.objectId);
  });

  test('can be decided again from their rows: a subnet by its incarnation, a trusted service by its tenant', async () => {
    await using own = await startServer();
    const { client, server } = own;
    await client.arm('PUT', '/resourceGroups/rg', { location: 'westeurope' });
    await putNetwork(client, 'net', ['sub']);
    const id = subnetId(client, 'net', 'sub');
    const networkAcls = { defaultAction: 'Deny', bypass: 'AzureServices', virtualNetworkRules: [{ id }] } as const;
    const service = await register(own, { tenantId: servicesTenant, clientId: databricks });
    const policies = [client.identity, service].map(({ objectId }) => ({ objectId, secrets: ['all'] }));
    await putVault(client, 'kv-again', { networkAcls, policies });
    const port = await freePort();
    const [subnet] = [...(await subnets(own))];
    assert.ok(subnet);
    await server.ingress.addSubnetListener({ port, host: '127.0.0.1' }, { subnet: id, incarnation: subnet });
    await getOver(port, client, 'kv-again');
    const token = await client.token('vault', service);
    await client.vault('kv-again', 'GET', '/secrets', { token, from: networks.refused });
    const { value } = await insight<CallersAnswer>(client, vaultPath('kv-again'), 'callers');
    assert.deepEqual(value.map(shown), [
      'SecretList secrets/list virtualNetworkRule 1 0',
      'SecretList secrets/list trustedService 1 0',
    ]);
    const rules = { ...networkAcls, ipRules: [], virtualNetworkRules: [{ id, incarnation: subnet }] };
    const because = (settings: FirewallSettings) => {
      const firewall = compileFirewall(settings, new RuleArena());
      return value.map((row) => {
        const request = seenRequest(row);
        assert.ok(request);
        return decide(firewall, request.source, request.caller, request.operation).because;
      });
    };
    const publicNetworkAccess = 'Enabled';
    assert.deepEqual(because({ publicNetworkAccess, networkAcls: rules }), ['virtualNetworkRule', 'trustedService']);
    assert.deepEqual(because({ publicNetworkAccess, networkAcls: { ...rules, bypass: 'None' } }), [
      'virtualNetworkRule',
      'noIpRule',
    ]);
    assert.deepEqual(because({ publicNetworkAccess, networkAcls: { ...rules, virtualNetworkRules: [] } }), [
      'noVirtualNetworkRule',
      'trustedService',
    ]);
  });

  test('come in pages, by links', async () => {
    const { client } = world;
    await putVault(client, 'kv-pages', { networkAcls: acls.allow });
    for (const path of ['/secrets', '/keys', '/certificates']) await client.vault('kv-pages', 'GET', path);
    const first = await insight<CallersAnswer>(client, vaultPath('kv-pages'), 'callers?$top=2');
    assert.deepEqual(
      first.value.map(({ operation }) => operation),
      ['SecretList', 'KeyList'],
    );
    const token = await client.token('arm');
    const { body } = await client.send(first.nextLink ?? '', { token });
    const rest = body as unknown as CallersAnswer;
    assert.deepEqual([rest.value.map(({ operation }) => operation), rest.nextLink], [['CertificateList'], undefined]);
    const foreign = await client.arm('GET', `${vaultPath('kv-pages')}/providers/Postern.Insight/callers?$skiptoken=x`);
    assert.equal(foreign.status, 400);
  });

  test('are there after kill -9, from the log', async () => {
    using folder = dataFolder();
    const options = ['--data', join(folder.path, 'data')];
    const demo = '/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/demo';
    {
      await using server = await startPostern(options);
      const get = () => server.client.vault('demo', 'GET', '/secrets/greeting', { from: networks.allowed });
      for (let turn = 0; turn < 3; turn += 1) await get();
      await server.end('SIGKILL');
    }
    await using server = await startPostern(options);
    const { value, since } = await insight<CallersAnswer>(server.client, demo, 'callers');
    assert.deepEqual(value.map(shown), ['SecretGet secrets/get ipRule 3 0']);
    assert.ok(since <= (value[0]?.first ?? ''));
    const states = await insight<RuleStatesAnswer>(server.client, demo, 'ruleStates');
    assert.deepEqual(
      states.value.map(({ rule, state, count }) => [rule, state, count]),
      [
        ['ipRules[0]', 'live', 3],
        ['virtualNetworkRules[0]', 'unused', 0],
      ],
    );
  });
});

/** The incarnations of the subnets. */
async function subnets({ folder }: TestServer): Promise<readonly string[]> {
  const records = await folder.store.list({ prefix: 'subnet/', limit: 10 });
  return records.map(({ key }) => key.slice('subnet/'.length));
}

/** A GET of a vault's secrets over the port of a listener. */
async function getOver(port: number, client: Client, vault: string): Promise<void> {
  const token = await client.token('vault');
  const { host, hostname } = new URL(client.vaultOrigin(vault));
  const socket = openSocket({ port, host: '127.0.0.1', servername: hostname, ca: client.ca });
  const lines = ['GET /secrets?api-version=7.4 HTTP/1.1', `host: ${host}`, `authorization: Bearer ${token}`];
  socket.write([...lines, 'connection: close', '', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 200/);
}

suite('the table of callers', () => {
  const record = (address: string, at: number, vault = 'one') =>
    auditRecord({
      at,
      durationMs: 1,
      operationName: 'SecretGet',
      apiVersion: '7.4',
      resourceId: `/vaults/${vault}`,
      status: 200,
      source: { kind: 'public', address: { family: 6, text: address } },
      caller: {
        issuer: '',
        issuerClass: 'own',
        tenant: '',
        objectId: 'o',
        applicationId: undefined,
        groups: [],
        managedIdentity: undefined,
        usedBy: undefined,
        audience: '',
        notBefore: 0,
        expiresAt: 0,
        claims: {},
      },
      verdict: { allowed: true, because: 'defaultAction' },
      correlationId: '',
      requestUri: undefined,
      objectId: 'https://one/secrets/s',
    });
  const at = Date.UTC(2026, 10, 26, 12);
  const addresses = (callers: Callers, vault = 'one', nowMs = at) =>
    callers.rowsOf(`/VAULTS/${vault.toUpperCase()}`, nowMs).map(({ source }) => 'address' in source && source.address);

  test('drops the caller that was quiet longest, in its own vault first, and counts it', () => {
    const callers = new Callers(new Map(), { ofVault: 2, all: 3 });
    callers.add(record('::1', at));
    callers.add(record('::2', at + 1));
    callers.add(record('::1', at + 2));
    callers.add(record('::3', at + 3));
    assert.deepEqual(addresses(callers), ['::1', '::3']);
    assert.equal(callers.droppedOf('/VAULTS/ONE'), 1);
    callers.add(record('::4', at + 4, 'two'));
    callers.add(record('::5', at + 5, 'two'));
    assert.deepEqual([addresses(callers), addresses(callers, 'two')], [['::3'], ['::4', '::5']]);
    assert.equal(callers.droppedOf('/VAULTS/ONE'), 2);
  });

  test('gives an earlier caller no place of a later one', () => {
    const callers = new Callers(new Map(), { ofVault: 2, all: 3 });
    callers.add(record('::3', at + 3));
    for (const [address, earlier] of [
      ['::2', at + 2],
      ['::1', at + 1],
      ['::2', at],
    ] as const) {
      callers.addEarlier(record(address, earlier));
    }
    assert.deepEqual(addresses(callers), ['::3', '::2']);
    assert.equal(callers.droppedOf('/VAULTS/ONE'), 1);
    assert.deepEqual(
      callers.rowsOf('/VAULTS/ONE', at).map(({ count }) => count),
      [1, 2],
    );
  });

  test('forgets a caller after a day, and counts only the requests of the last one', () => {
    const callers = new Callers(new Map());
    const hour = 3_600_000;
    callers.add(record('::1', at));
    callers.add(record('::1', at + 20 * hour));
    callers.add(record('::2', at));
    const counts = (nowMs: number) => callers.rowsOf('/VAULTS/ONE', nowMs).map(({ count }) => count);
    assert.deepEqual(counts(at + 20 * hour), [2, 1]);
    assert.deepEqual(counts(at + 30 * hour), [1]);
    assert.deepEqual(counts(at + 45 * hour), []);
    callers.add(record('::1', at + 100 * hour));
    callers.add(record('::1', at + 99 * hour));
    assert.deepEqual(counts(at + 100 * hour), [2]);
  });
});

test('the state of a rule follows its subnet, the rules around it and its use', async () => {
  const { client } = world;
  for (const network of ['live', 'off', 'again', 'gone']) await putNetwork(client, network, ['sub']);
  const networksOf = (...names: readonly string[]) => names.map((name) => ({ id: subnetId(client, name, 'sub') }));
  const ipRules = ['203.0.113.0/24', '203.0.113.7', '198.51.100.7'].map((value) => ({ value }));
  const virtualNetworkRules = networksOf('live', 'off', 'again', 'gone');
  await putVault(client, 'kv-rules', { networkAcls: { ...acls.deny, ipRules, virtualNetworkRules } });
  await putNetwork(client, 'off', ['sub'], {});
  for (const name of ['again', 'gone']) {
    const path = `/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/${name}`;
    assert.equal((await client.arm('DELETE', path)).status < 300, true);
  }
  await putNetwork(client, 'again', ['sub']);
  await client.vault('kv-rules', 'GET', '/secrets', { from: networks.refused });
  const { inForce, value } = await insight<RuleStatesAnswer>(client, vaultPath('kv-rules'), 'ruleStates');
  assert.equal(inForce, 'rules');
  assert.deepEqual(
    value.map(({ rule, state, shadowedBy, count }) => [rule, state, shadowedBy, count]),
    [
      ['ipRules[0]', 'live', undefined, 1],
      ['ipRules[1]', 'shadowed', 'ipRules[0]', 0],
      ['ipRules[2]', 'unused', undefined, 0],
      ['virtualNetworkRules[0]', 'unused', undefined, 0],
      ['virtualNetworkRules[1]', 'endpointOff', undefined, 0],
      ['virtualNetworkRules[2]', 'earlierSubnet', undefined, 0],
      ['virtualNetworkRules[3]', 'subnetGone', undefined, 0],
    ],
  );
  await putVault(client, 'kv-rules', { networkAcls: { ...acls.allow, ipRules } });
  assert.equal((await insight<RuleStatesAnswer>(client, vaultPath('kv-rules'), 'ruleStates')).inForce, 'open');
});
