import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestServer } from '../world/server.ts';

/** Runs a scenario of a program in `sdk/` against a vault, from a loopback address, as a process of its own. */
export async function runProgram(
  { client, folder }: TestServer,
  asked: { readonly program: URL; readonly scenario: string; readonly vault: string; readonly from: string },
): Promise<void> {
  const { tenantId, clientId, clientSecret } = client.identity;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [asked.program.pathname, asked.scenario], {
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem'),
      POSTERN_TEST_VAULT: client.vaultOrigin(asked.vault),
      POSTERN_TEST_FROM: asked.from,
      POSTERN_TEST_AUTHORITY: client.home,
      POSTERN_TEST_TENANT: tenantId,
      POSTERN_TEST_CLIENT: clientId,
      POSTERN_TEST_SECRET: clientSecret,
    },
    timeout: 60_000,
  });
  assert.equal(stderr, '');
  assert.equal(stdout, `${asked.scenario}: done\n`);
}
