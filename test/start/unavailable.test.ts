import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Answered, Client } from '../world/client.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';

function postForm(client: Client, path: string, form: Readonly<Record<string, string>>): Promise<Answered> {
  return client.send(`${client.home}/${client.identity.tenantId}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
}

const lineLengthMax = 600;

test('while the audit log cannot be written every edge says when to try again, and the log has a short line for each', async () => {
  using data = dataFolder();
  await using world = await startPostern(['--data', data.path]);
  const { client } = world;
  const graph = await client.token('https://graph.microsoft.com');
  const file = join(data.path, 'audit/audit.jsonl');
  await Promise.all([client.token('vault'), client.token('arm')]);
  rmSync(file);
  mkdirSync(file);
  await until(() => world.stderr().includes('requests are refused until it can'), 'the notice');

  const group = { displayName: 'readers', mailEnabled: false, mailNickname: 'readers', securityEnabled: true };
  const answers = [
    await client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' }),
    await client.vault('demo', 'PUT', '/secrets/one', { from: '127.0.0.7', body: { value: '1' } }),
    await client.arm('PUT', '/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/another', {
      location: 'westeurope',
      properties: { tenantId: client.identity.tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [] },
    }),
    await client.send(`${client.home}/v1.0/groups`, { method: 'POST', token: graph, body: group }),
    // Each of these fails, and each client that is told so has a record.
    await postForm(client, '/oauth2/v2.0/token', {
      grant_type: 'client_credentials',
      client_id: client.identity.clientId,
      client_secret: 'wrong',
      scope: 'https://graph.microsoft.com/.default',
    }),
    await postForm(client, '/oauth2/v2.0/token', {
      grant_type: 'password',
      client_id: client.identity.clientId,
      username: 'nobody@contoso.example',
      password: 'wrong',
      scope: 'openid',
    }),
    await client.send(`${client.home}/msi/token?resource=${client.home}&api-version=2019-08-01`, {
      headers: { 'x-identity-header': 'wrong' },
    }),
  ];
  assert.deepEqual(
    answers.slice(-3).map(({ body }) => [body['error'], body['error_codes']]),
    Array.from({ length: 3 }, () => ['temporarily_unavailable', [90033]]),
  );
  for (const { status, headers, body } of answers) {
    assert.equal(status, 503, JSON.stringify(body));
    assert.equal(headers['retry-after'], '5', JSON.stringify(body));
  }
  const failed = () =>
    world
      .stderr()
      .split('\n')
      .filter((line) => line.includes('a request failed'));
  await until(() => failed().length >= answers.length, 'a line for each request');
  const lines = failed();
  assert.equal(lines.length, answers.length);
  for (const line of lines) {
    assert.ok(line.length < lineLengthMax, line);
    assert.match(line, /"reason":"[^"]+/);
    assert.doesNotMatch(line, /"stack"/);
  }
});
