import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import type { SeedFile } from '../../src/seed/seed-file.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const world: SeedFile = {
  identities: { shop: {} },
  vaults: { app: { access: { shop: { secrets: ['get'] } }, secrets: { greeting: 'hello' } } },
};

/** A seed file, and a way to replace it. */
function seedIn(folder: string, first: SeedFile) {
  const path = join(folder, 'world.json');
  const write = (seed: SeedFile) => writeFileSync(path, JSON.stringify(seed), { mode: 0o600 });
  write(first);
  return { path, write };
}

async function valueOf({ client }: RunningPostern, name = 'greeting'): Promise<unknown> {
  const { status, body } = await client.vault('app', 'GET', `/secrets/${name}`);
  return status === 200 ? body['value'] : status;
}

const set = ({ client }: RunningPostern, value: string) =>
  client.vault('app', 'PUT', '/secrets/greeting', { body: { value } });

const readyCount = (running: RunningPostern) => running.stderr().split('"msg":"ready"').length;

async function nextWorker(running: RunningPostern, act: () => void): Promise<void> {
  const before = readyCount(running);
  act();
  await until(() => readyCount(running) > before, 'another worker');
}

test('a seed is there instead of the demo, at each start and after SIGHUP, but not after a death', async () => {
  using folder = dataFolder();
  const seed = seedIn(folder.path, world);
  const options = ['--data', join(folder.path, 'data'), '--seed', seed.path];
  {
    await using running = await startPostern(options);
    assert.equal(await valueOf(running), 'hello');
    assert.equal((await running.client.vault('open', 'GET', '/secrets/greeting')).status, 404);

    await set(running, 'changed by a client');
    await nextWorker(running, () => process.kill(running.workerPid(), 'SIGKILL'));
    assert.equal(await valueOf(running), 'changed by a client');

    await nextWorker(running, () => running.child.kill('SIGHUP'));
    assert.equal(await valueOf(running), 'hello');

    seed.write({ vaults: { app: { secrets: { greeting: 'hello', gone: null } } } });
    await nextWorker(running, () => running.child.kill('SIGHUP'));
    assert.match(running.stderr(), /world\.json: vaults\.app\.secrets\.gone: null keeps the value/);
    assert.match(running.stderr(), /the settings from before SIGHUP are in force again/);
    assert.equal(await valueOf(running), 'hello');
    await running.end('SIGTERM');
  }
  seed.write({ vaults: { app: { secrets: { other: 'second' } } } });
  {
    await using running = await startPostern([...options, '--prune']);
    assert.deepEqual([await valueOf(running), await valueOf(running, 'other')], [404, 'second']);
    await running.end('SIGTERM');
  }
  // Without the file the world stays, and the demo is not made.
  await using running = await startPostern(options.slice(0, 2));
  assert.equal(await valueOf(running, 'other'), 'second');
  assert.equal((await running.client.vault('demo', 'GET', '/secrets/greeting')).status, 404);
});

test('a program gets an identity of the seed by its name', async () => {
  using folder = dataFolder();
  const seed = seedIn(folder.path, world);
  const data = join(folder.path, 'data');
  await using running = await startPostern(['--data', data, '--seed', seed.path]);
  assert.equal(await valueOf(running), 'hello');
  const program = `
    const { IDENTITY_ENDPOINT, IDENTITY_HEADER, POSTERN_VAULT_SUFFIX } = process.env;
    const resource = encodeURIComponent('https://' + 'vault.localhost');
    const answer = await fetch(IDENTITY_ENDPOINT + '?api-version=2019-08-01&resource=' + resource, {
      headers: { 'x-identity-header': IDENTITY_HEADER },
    });
    const { access_token: token } = await answer.json();
    console.log(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).xms_mirid);`;
  const run = spawnSync(
    postern,
    ['run', '--as', 'shop', '--data', data, '--', process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /\/resourcegroups\/demo\/providers\/Microsoft\.Web\/sites\/shop\n$/i);
});

test('a seed that is at fault is refused before the start, and one that does not fit the vaults changes nothing', async () => {
  using folder = dataFolder();
  const seed = seedIn(folder.path, { vaults: { app: { access: { shop: {} } } } });
  const options = ['--data', join(folder.path, 'data'), '--seed', seed.path];
  const start = (...more: readonly string[]) =>
    spawnSync(postern, ['start', '--port', '0', ...options, ...more], { encoding: 'utf8' });
  const refused = start();
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^postern: \/.*\/world\.json: vaults\.app\.access\.shop: there is no principal 'shop'/);

  seed.write({ vaults: { app: { secrets: { first: 'x', kept: null } } } });
  const unfit = start();
  assert.equal(unfit.status, 1);
  assert.match(unfit.stderr, /postern: \/.*\/world\.json: vaults\.app\.secrets\.kept: null keeps the value/);
  const pruned = spawnSync(postern, ['start', '--prune'], { encoding: 'utf8' });
  assert.match(pruned.stderr, /--prune removes what a seed does not name: give --seed FILE with it\./);
  await using running = await startPostern(options.slice(0, 2));
  assert.equal(await valueOf(running, 'first'), 404);
});

test('the audit log has the changes of a seed', async () => {
  using folder = dataFolder();
  const data = join(folder.path, 'data');
  await using running = await startPostern(['--data', data, '--seed', seedIn(folder.path, world).path]);
  assert.equal(await valueOf(running), 'hello');
  const lines = readFileSync(join(data, 'audit/audit.jsonl'), 'utf8').trimEnd().split('\n');
  const seeded = lines
    .map(
      (line) =>
        JSON.parse(line) as {
          operationName: string;
          identity?: object;
          properties: { id?: string; seed?: { path: string } };
        },
    )
    .filter(({ properties }) => properties.seed !== undefined);
  assert.deepEqual(
    seeded.map(({ properties }) => properties.seed?.path),
    ['resourceGroup', 'identities.shop', 'vaults.app', 'vaults.app.secrets.greeting'],
  );
  const { host } = new URL(running.ready.home);
  const id = seeded.at(-1)?.properties.id ?? '';
  assert.ok(id.startsWith(`https://app.vault.${host}/secrets/greeting/`), id);
  assert.ok(seeded.every(({ identity }) => identity === undefined));
});

test('root reads a seed that only root can read, and refuses one that the worker could change', async () => {
  if (process.geteuid?.() !== 0) {
    notRun('a seed that root reads', 'it takes root');
    return;
  }
  using folder = dataFolder();
  chmodSync(folder.path, 0o755);
  const seed = seedIn(folder.path, world);
  const options = ['--data', join(folder.path, 'data'), '--seed', seed.path, '--user', '61043'];
  {
    await using running = await startPostern(options);
    assert.equal(await valueOf(running), 'hello');
    await running.end('SIGTERM');
  }
  chownSync(seed.path, 61043, 61043);
  const { status, stderr } = spawnSync(postern, ['start', '--port', '0', ...options], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /The worker \(uid 61043\) can change .*\/world\.json, which root trusts/);
});
