/** The program of docs/how-to/trusted-services.md, with the credential that the command mints. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'postern-service-'));
const data = join(folder, 'data');
let server: RunningPostern;

before(async () => {
  server = await startPostern(['--data', data]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function postern(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/postern'), words, {
    env: { ...process.env, POSTERN_DATA: data, ...env },
    encoding: 'utf8',
    cwd: root,
  });
  return { status, stdout, stderr };
}

describe('a program with the credential of Azure Backup', () => {
  it('is let past the rules of a vault, once it has the permission, and only with a token of the services', async () => {
    const minted = postern(['trusted-services', 'credential', '--service', 'Azure Backup']);
    assert.equal(minted.status, 0, minted.stderr);
    const { objectId, tenantId } = JSON.parse(minted.stdout) as Readonly<Record<string, string>>;
    assert.equal(tenantId, 'f8cdef31-a31e-4b4a-93e4-5f571e91255a');
    const { client, ready } = server;
    const made = await client.vault('demo', 'POST', '/keys/disks/create', { body: { kty: 'EC' }, from: '127.0.0.7' });
    assert.equal(made.status, 200, JSON.stringify(made.body));

    const env = { SERVICE: minted.stdout, KEYVAULT_URL: client.vaultOrigin('demo') };
    const ownTenant = { AZURE_IDENTITY_DISABLE_MULTITENANTAUTH: 'true' };
    const program = ['run', '--', process.execPath, 'examples/javascript/backup.mjs'];
    const early = postern(program, { ...env, ...ownTenant });
    assert.notEqual(early.status, 0);
    assert.match(early.stderr, /does not have keys backup permission/);

    const accessPolicies = [{ tenantId: ready.tenantId, objectId, permissions: { keys: ['backup'] } }];
    const policies = '/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/demo/accessPolicies/add';
    const given = await client.arm('PUT', policies, { properties: { accessPolicies } });
    assert.equal(given.status, 200, JSON.stringify(given.body));
    const done = postern(program, { ...env, ...ownTenant });
    assert.match(done.stdout, /^\d+ bytes\n$/, done.stderr);

    // Without the variable the client asks for a token of the vault's own tenant, as the challenge says.
    const led = postern(program, env);
    assert.notEqual(led.status, 0);
    assert.match(led.stderr, /AdditionallyAllowedTenants/);
  });
});
