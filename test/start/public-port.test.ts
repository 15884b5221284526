import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPostern } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

test('commands on the machine of a server reach it, although nothing listens at its public port there', async () => {
  // Port 1 of TCP (tcpmux) is free everywhere.
  await using server = await startPostern(['--memory', '--public-port', '1']);
  const { ready } = server;
  assert.deepEqual(
    [ready.home, ready.vaultSuffix, ready.portal.url],
    ['https://localhost:1', '.vault.localhost:1', 'https://localhost:1/portal/'],
  );
  const run = (...argv: readonly string[]) => {
    const { stdout, stderr } = spawnSync(postern, [...argv, '--data', ready.dataDir], { encoding: 'utf8' });
    return `${stdout}${stderr}`;
  };
  assert.match(run('secret', 'show', '--vault', 'open', '--name', 'greeting'), /"value": "hello from the open vault/);
  assert.match(run('env', '--dotenv'), /^IDENTITY_ENDPOINT="https:\/\/localhost:1\/msi\/token"$/m);
  const kept = JSON.parse(readFileSync(join(ready.dataDir, 'connection.json'), 'utf8')) as Record<string, unknown>;
  assert.ok(Number(kept['port']) > 1, String(kept['port']));
});
