import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, networks, putVault } from './vaults.ts';

const vault = 'kv-sdk';
const program = new URL('sdk/life-cycle.ts', import.meta.url).pathname;
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.denyBypass });
});

after(() => world[Symbol.asyncDispose]());

async function run(scenario: string, from: string): Promise<void> {
  const { client, folder } = world;
  const { tenantId, clientId, clientSecret } = client.identity;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, scenario], {
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem'),
      POSTERN_TEST_VAULT: client.vaultOrigin(vault),
      POSTERN_TEST_FROM: from,
      POSTERN_TEST_AUTHORITY: client.home,
      POSTERN_TEST_TENANT: tenantId,
      POSTERN_TEST_CLIENT: clientId,
      POSTERN_TEST_SECRET: clientSecret,
    },
    timeout: 60_000,
  });
  assert.equal(stderr, '');
  assert.equal(stdout, `${scenario}: done\n`);
}

test('the official client sets, reads, lists, updates, deletes, recovers and purges secrets', () =>
  run('allowed', networks.allowed));

test('the official client throws a RestError with our text where the firewall refuses it', () =>
  run('refused', networks.refused));
