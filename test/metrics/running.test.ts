import assert from 'node:assert/strict';
import { request } from 'node:https';
import test from 'node:test';
import { exposition } from '../../src/metrics/exposition.ts';
import { samplesOf } from '../../src/metrics/samples.ts';
import type { TestServer } from '../world/server.ts';
import { startServer } from '../world/server.ts';
import { until } from '../world/process.ts';
import { quietVitals } from './vitals.ts';

/** The lines about requests, without their values. */
function seriesOf({ server }: TestServer): readonly string[] {
  const text = exposition({
    ...samplesOf({ ...quietVitals({}), ...partOf(server) }, []),
    ...server.requests.samples(),
  });
  return text.split('\n').filter((line) => /^postern_(?:requests|firewall\w+)_total/.test(line));
}

function partOf(server: TestServer['server']) {
  const { store: _, ...vitals } = server.vitals();
  return vitals;
}

test('a request is counted with its operation, status and verdict, and nothing of it is in a label', async () => {
  await using running = await startServer();
  const { client } = running;
  await client.arm('PUT', '/resourceGroups/g', { location: 'westeurope' });
  const { tenantId } = client.identity;
  const properties = {
    tenantId,
    sku: { family: 'A', name: 'standard' },
    enableRbacAuthorization: false,
    accessPolicies: [{ tenantId, objectId: client.identity.objectId, permissions: { secrets: ['all'] } }],
    networkAcls: {
      defaultAction: 'Deny',
      bypass: 'None',
      ipRules: [{ value: '203.0.113.7' }],
      virtualNetworkRules: [],
    },
  };
  const vault = '/resourceGroups/g/providers/Microsoft.KeyVault/vaults/a-strangers-vault';
  const made = await client.arm('PUT', vault, { location: 'westeurope', properties });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const body = { value: 'v' };
  const ask = async (method: string, path: string, from: string, sent: object = {}) =>
    (await client.vault('a-strangers-vault', method, path, { from, ...sent })).status;
  assert.equal(await ask('PUT', '/secrets/a-secret', '127.0.0.7', { body }), 200);
  assert.equal(await ask('GET', '/secrets/a-secret', '127.0.0.7'), 200);
  assert.equal(await ask('GET', '/secrets/a-secret', '127.0.0.8'), 403);
  assert.equal(await ask('GET', '/a-strange-path', '127.0.0.8'), 404);
  assert.equal((await client.arm('GET', '/resourceGroups/g/providers/Strange.Type/things/one')).status, 404);
  assert.equal((await client.send(`${client.home}/v1.0/strange/path`)).status, 400);
  assert.equal((await client.send(`${client.home}/`, { headers: { host: 'strange.example' } })).status, 421);
  assert.equal((await client.send(`${client.home}/portal`)).status, 308);
  await until(() => running.server.vitals().requestsInFlight === 0, 'the end of every request');
  const series = seriesOf(running);
  for (const line of [
    'postern_requests_total{edge="vaults",operation="SecretSet",status="200"} 1',
    'postern_requests_total{edge="vaults",operation="SecretGet",status="200"} 1',
    'postern_requests_total{edge="vaults",operation="SecretGet",status="403"} 1',
    'postern_requests_total{edge="vaults",operation="other",status="404"} 1',
    'postern_requests_total{edge="resourceManager",operation="Microsoft.KeyVault/vaults/write",status="200"} 1',
    'postern_requests_total{edge="resourceManager",operation="{resource} read",status="404"} 1',
    'postern_requests_total{edge="graph",operation="other",status="400"} 1',
    'postern_requests_total{edge="authority",operation="POST /:tenant/oauth2/v2.0/token",status="200"} 2',
    'postern_requests_total{edge="site",operation="page",status="308"} 1',
    'postern_requests_total{edge="none",operation="other",status="421"} 1',
    'postern_firewall_verdicts_total{verdict="allowed",because="ipRule"} 2',
    'postern_firewall_verdicts_total{verdict="denied",because="noIpRule"} 1',
  ]) {
    assert.ok(series.includes(line), `${line}\n${series.join('\n')}`);
  }
  assert.doesNotMatch(series.join('\n'), /strange|a-secret|127\.0/i);
  const { audit, connections, certificates, store } = running.server.vitals();
  assert.ok(audit.records.reads >= 1 && audit.records.others >= 3 && audit.bytes > 1_000, JSON.stringify(audit));
  assert.ok(store.counts.committed >= 3 && store.inFlight === 0);
  assert.ok(connections.some(({ listener, open }) => listener === 'public' && open >= 1));
  const names = ['server', 'fabric'];
  assert.deepEqual(
    certificates.map(({ name }) => name).filter((name) => names.includes(name)),
    names,
  );
  assert.ok(certificates.every(({ notAfterMs }) => notAfterMs > Date.now()));
});

test('a request whose client goes away before its answer is counted as aborted', async () => {
  await using running = await startServer();
  const { client, port } = running;
  const sent = request({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: client.ca,
    method: 'POST',
    path: `/${client.identity.tenantId}/oauth2/v2.0/token`,
    headers: {
      host: `localhost:${port}`,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '100',
    },
    agent: false,
  });
  sent.on('error', () => undefined);
  sent.write('grant_type=');
  await until(() => running.server.vitals().requestsInFlight === 1, 'the request');
  sent.destroy();
  await until(() => running.server.vitals().requestsInFlight === 0, 'its end');
  const aborted = seriesOf(running).filter((line) => line.includes('status="aborted"'));
  assert.equal(aborted.length, 1, seriesOf(running).join('\n'));
});
