import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import type { PortalSettings } from '../../src/types/portal-settings.ts';
import { startServer, startServerWith } from '../world/server.ts';

const settingsOf = (body: unknown) => body as PortalSettings;

test("the portal's settings are there without a token, with what the firewall needs", async () => {
  await using world = await startServer();
  const { client, folder } = world;
  const { status, headers, body } = await client.send(`${client.home}/portal/settings.json`);
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.deepEqual(settingsOf(body), {
    tenantId: folder.identity.tenantId,
    clientId: '88c0eb6d-e412-42aa-ae41-08f1fd05c3b5',
    subscriptionId: folder.identity.subscriptionId,
    version: '0.1.0',
    rules: {
      profile: { ...ruleProfiles.documented, addresses: 'asGiven', subnetIds: 'asGiven' },
      trustedServices: { list: 'documented', scope: 'scenario' },
      acceptDeclared: false,
    },
    vaultSuffix: `.vault.localhost:${world.port}`,
  });
  // It is public.
  assert.ok(!JSON.stringify(body).includes(folder.identity.clientSecret));
});

test('they say what this server was told: rules, limits, services, declared places, and the names that were used', async () => {
  const config = {
    limits: { ipRules: 3 },
    trustedServices: { list: 'documented', scope: 'service' },
    azureNormalization: true,
  };
  await using world = await startServerWith({ options: ['--rules', 'current', '--accept-declared'], config });
  const { client } = world;
  const answer = await client.send(`${client.home}/portal/settings.json`, { headers: { host: 'localhost' } });
  const { rules, vaultSuffix } = settingsOf(answer.body);
  assert.deepEqual(rules, {
    profile: { ...ruleProfiles.current, ipRulesMax: 3 },
    trustedServices: { list: 'documented', scope: 'service' },
    acceptDeclared: true,
  });
  assert.equal(vaultSuffix, '.vault.localhost');
});
