import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { SeedFile } from '../../src/seed/seed-file.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

/** Everything that a seed says and an export can say again: what is hashed at the server it cannot. */
const world: SeedFile = {
  networks: {
    blue: { addressPrefixes: ['10.0.0.0/16', '10.2.0.0/16'], subnets: { web: '10.0.0.0/24', jobs: '10.2.0.0/24' } },
    green: { subnets: { web: { addressPrefix: '10.0.0.0/24', serviceEndpoint: false } }, tags: { team: 'green' } },
  },
  identities: { shop: {}, batch: {} },
  vaults: {
    locked: {
      rules: {
        defaultAction: 'Deny',
        bypass: 'None',
        ipRules: ['203.0.113.7', '198.51.100.0/24'],
        virtualNetworkRules: ['blue/web'],
      },
      access: { shop: { secrets: ['get', 'list'], keys: ['wrapKey'] }, developer: { secrets: ['all'] } },
      secrets: {
        greeting: 'hello',
        other: {
          value: 'ünïcode \\ "quoted"',
          contentType: 'text/plain',
          tags: { a: 'b' },
          notBefore: '2026-01-31T12:00:00Z',
          expires: '2030-01-31T12:00:00Z',
        },
      },
      tags: { team: 'shop' },
      sku: 'premium',
      softDeleteRetentionInDays: 7,
      enabledForTemplateDeployment: true,
    },
    open: { secrets: { greeting: '' } },
    roles: { enableRbacAuthorization: true, publicNetworkAccess: 'Disabled', enablePurgeProtection: true },
  },
};

async function start(data: string, seed: SeedFile): Promise<RunningPostern> {
  const file = `${data}.json`;
  writeFileSync(file, JSON.stringify(seed), { mode: 0o600 });
  return startPostern(['--data', data, '--seed', file]);
}

async function exported(data: string, ...options: readonly string[]) {
  const { stdout, stderr } = await promisify(execFile)(postern, ['export', '--data', data, ...options]);
  return { seed: JSON.parse(stdout) as SeedFile, stderr };
}

/** The answers about a vault that do not depend on the ids of a server. */
async function answersOf({ client, ready }: RunningPostern, vault: string) {
  const { body } = await client.arm('GET', `/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/${vault}`);
  const read = await client.vault(vault, 'GET', '/secrets/other', { from: '127.0.0.7' });
  const denied = await client.vault(vault, 'GET', '/secrets/other', { from: '127.0.0.9' });
  const { contentType, tags, value } = read.body;
  const resource = JSON.stringify({
    tags: body['tags'],
    acls: body['properties']?.['networkAcls'],
    sku: body['properties']?.['sku'],
  });
  return {
    resource: resource.replaceAll(ready.subscriptionId, ''),
    secret: { contentType, tags, value },
    statuses: [read.status, denied.status],
  };
}

test('a server that starts with the export of another has the same world, and exports the same', async () => {
  using folder = dataFolder();
  const [first, second] = [join(folder.path, 'first'), join(folder.path, 'second')];
  await using one = await start(first, world);
  const whole = await exported(first, '--secrets');
  assert.equal(whole.stderr, "postern: left out: the role assignments of the vault 'roles': a seed has none.\n");
  assert.deepEqual(Object.keys(whole.seed.vaults?.['locked']?.access ?? {}), ['administrator', 'shop', 'developer']);
  assert.deepEqual(whole.seed.vaults?.['locked']?.secrets, world.vaults?.['locked']?.secrets);
  await using other = await start(second, whole.seed);
  assert.deepEqual((await exported(second, '--secrets')).seed, whole.seed);
  const answers = await answersOf(one, 'locked');
  assert.deepEqual(answers.statuses, [200, 403]);
  assert.deepEqual(await answersOf(other, 'locked'), answers);
});

test('an export without values keeps what is there, and starts no other server', async () => {
  using folder = dataFolder();
  const data = join(folder.path, 'data');
  const named: SeedFile = {
    ...world,
    identities: { pipeline: { clientSecret: 'a secret' } },
    users: { 'alice@localhost': { password: 'a password', groups: ['e0000000-0000-4000-8000-000000000001'] } },
    vaults: {
      app: { access: { pipeline: {}, 'alice@localhost': { secrets: ['get'] } }, secrets: { greeting: 'hello' } },
    },
  };
  let bare: SeedFile;
  {
    await using running = await start(data, named);
    bare = (await exported(data)).seed;
    assert.deepEqual(bare.vaults?.['app']?.secrets, { greeting: null });
    assert.equal(bare.users?.['alice@localhost']?.password, null);
    assert.equal(bare.identities?.['pipeline']?.clientSecret, null);
    await running.end('SIGTERM');
  }
  {
    await using running = await start(data, bare);
    const read = await running.client.vault('app', 'GET', '/secrets/greeting');
    assert.equal(read.body['value'], 'hello');
    assert.deepEqual((await exported(data)).seed, bare);
    await running.end('SIGTERM');
  }
  const other = join(folder.path, 'other');
  await assert.rejects(start(other, bare), /identities\.pipeline\.clientSecret: null keeps the secret/);
  const { identities: _, ...withoutIdentities } = bare;
  await assert.rejects(
    start(other, { ...withoutIdentities, vaults: {} }),
    /users\.alice@localhost\.password: null keeps the password/,
  );
  await assert.rejects(
    start(other, { vaults: { app: { secrets: bare.vaults?.['app']?.secrets ?? {} } } }),
    /vaults\.app\.secrets\.greeting: null keeps the value/,
  );
});

test('what a seed cannot say is said, and a vault that is closed to the administrator is named', async () => {
  using folder = dataFolder();
  const data = join(folder.path, 'data');
  const closed: SeedFile = {
    vaults: { app: { rules: { defaultAction: 'Deny' }, secrets: { greeting: 'hello' } } },
  };
  await using running = await start(data, closed);
  const { client, ready } = running;
  const key = { location: 'westeurope', properties: { kty: 'EC', curveName: 'P-256' } };
  const made = await client.arm(
    'PUT',
    '/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/app/keys/signing',
    key,
  );
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const app = await client.send(`${ready.home}/v1.0/applications`, {
    method: 'POST',
    token: await client.token('arm'),
    body: { displayName: 'without a secret' },
  });
  assert.equal(app.status, 201, JSON.stringify(app.body));
  const principal = await client.send(`${ready.home}/v1.0/servicePrincipals`, {
    method: 'POST',
    token: await client.token('arm'),
    body: { appId: String(app.body['appId']) },
  });
  assert.equal(principal.status, 201, JSON.stringify(principal.body));
  const { seed, stderr } = await exported(data);
  assert.deepEqual(stderr.trimEnd().split('\n').toSorted(), [
    "postern: left out: the identity 'without a secret': it has no client secret.",
    "postern: left out: the private key of 'signing' of the vault 'app': another server makes its own.",
  ]);
  assert.deepEqual(seed.vaults?.['app']?.secrets, { greeting: null });
  // A vault that refuses its values does not cost the rest: the exit status says that it is not whole.
  await assert.rejects(
    exported(data, '--secrets'),
    ({ code, stdout, stderr: said }: { readonly code: number; readonly stdout: string; readonly stderr: string }) => {
      assert.equal(code, 1);
      assert.deepEqual((JSON.parse(stdout) as SeedFile).vaults?.['app']?.secrets, { greeting: null });
      assert.match(
        said,
        /not read: the value of the secret 'greeting' of the vault 'app': 403 Forbidden \/ ForbiddenByFirewall/,
      );
      return true;
    },
  );
  await assert.rejects(
    exported(data, '--resource-group', 'other'),
    /Resource group 'other' could not be found\.\n.*--resource-group: demo/,
  );
});
