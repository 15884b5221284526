import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { notRun } from '../not-run.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, networks, putVault } from './vaults.ts';

/** Debian's Python, which sees the packages of `python3-azure`. Another one in the path does not. */
const python = '/usr/bin/python3';
const program = join(import.meta.dirname, 'python/main.py');
const clients = ['secrets', 'keys', 'certificates'];
const imports = [...clients.map((name) => `azure.keyvault.${name}`), 'azure.identity', 'aiohttp'];
const isThere = spawnSync(python, ['-c', `import ${imports.join(', ')}`]).status === 0;

if (isThere) {
  suite("Debian's clients for Python drive every method", () => {
    let world: TestServer;
    before(async () => {
      world = await startServer();
    });
    after(() => world[Symbol.asyncDispose]());

    async function drive(kind: string, scenario: string, from: string = networks.allowed): Promise<void> {
      const { client, folder } = world;
      const { tenantId, clientId, clientSecret } = client.identity;
      const vault = `kv-${kind.slice(0, 4)}-${scenario}`;
      await putVault(client, vault, { networkAcls: acls.denyBypass, sku: { family: 'A', name: 'premium' } });
      const { stdout, stderr } = await promisify(execFile)(python, ['-B', program, kind, scenario], {
        env: {
          POSTERN_TEST_CA: join(folder.path, 'ca.pem'),
          POSTERN_TEST_VAULT: client.vaultOrigin(vault),
          POSTERN_TEST_FROM: from,
          POSTERN_TEST_AUTHORITY: client.home,
          POSTERN_TEST_TENANT: tenantId,
          POSTERN_TEST_CLIENT: clientId,
          POSTERN_TEST_SECRET: clientSecret,
        },
        timeout: 100_000,
      });
      assert.equal(stderr, '');
      assert.equal(stdout, `${kind} ${scenario}: done\n`);
    }

    for (const kind of ['synchronous', 'asynchronous']) {
      for (const scenario of clients) test(`of ${scenario}, ${kind}`, () => drive(kind, scenario));
      test(`and get our message when the firewall refuses them, ${kind}`, () =>
        drive(kind, 'firewall', networks.refused));
    }
  });
} else {
  notRun(
    'the clients for Python, which drive every method',
    `no ${imports.join(', ')} for ${python}: install python3-azure`,
  );
}
