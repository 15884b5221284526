import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestServer } from '../world/server.ts';
import { expectStatus, putNetwork, putVault, startWithGroup } from './resources.ts';

test('the official clients create, change, list, delete, recover and purge vaults and networks', async () => {
  await using world = await startWithGroup();
  await run(fileURLToPath(new URL('sdk/management.ts', import.meta.url)), world);
});

test('the official client creates, finds and deletes role assignments and roles', async () => {
  await using world = await startWithGroup();
  expectStatus(await putVault(world.client, 'kv-roles'), 200);
  await run(fileURLToPath(new URL('sdk/authorization.ts', import.meta.url)), world);
});

test('the official client deploys templates', async () => {
  await using world = await startWithGroup();
  await run(fileURLToPath(new URL('sdk/deployments.ts', import.meta.url)), world);
});

test("the official clients set a vault's logging, and write and read its secrets and keys as resources", async () => {
  await using world = await startWithGroup();
  expectStatus(await putVault(world.client, 'kv-below'), 200);
  await run(fileURLToPath(new URL('sdk/vault-children.ts', import.meta.url)), world);
});

test('the official clients create the other resources of Microsoft.Network, and resources of any type', async () => {
  await using world = await startWithGroup();
  await run(fileURLToPath(new URL('sdk/network.ts', import.meta.url)), world);
});

test('the official clients create private endpoints, and approve, reject and delete their connections', async () => {
  await using world = await startWithGroup();
  expectStatus(await putVault(world.client, 'kv-linked'), 200);
  expectStatus(await putNetwork(world.client, 'net', ['apps']), 201);
  await run(fileURLToPath(new URL('sdk/private-endpoints.ts', import.meta.url)), world);
});

test('the official client tags a vault, a group and the subscription', async () => {
  await using world = await startWithGroup();
  expectStatus(await putVault(world.client, 'kv-tags'), 200);
  await run(fileURLToPath(new URL('sdk/tags.ts', import.meta.url)), world);
});

/** Runs a program of `sdk/` in a process of its own, which trusts the authority's certificate. */
async function run(program: string, { client, folder }: TestServer): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], {
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem'),
      POSTERN_TEST: JSON.stringify({ ...client.identity, home: client.home }),
    },
    timeout: 120_000,
  });
  assert.deepEqual({ stdout, stderr }, { stdout: 'done\n', stderr: '' });
}
