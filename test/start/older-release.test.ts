import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { at, expectStatus, group, namesIn, networks, vaults } from '../control-plane/resources.ts';
import { recordPut } from '../../src/store/records.ts';
import { release, writtenByKey } from '../../src/worker/upgrade.ts';
import type { Client } from '../world/client.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';
import { fixtureMasterKey } from './fill-data-folder.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

/** How many records the earlier release left, without those of the seal. */
const recordsOfFixture = 92;
const recordsOfLanded = 109;

/**
 * The data folder of release 0.1.0, before a store named its release: written by `fill-data-folder.ts` with that code. And that
 * of the commit 3ae6abf8, whose own `postern start` then ran on it with a seed: a network, an identity and a vault with a secret.
 */
function releasedFolder(name = 'released-0.1.0'): Disposable & { readonly path: string } {
  const folder = dataFolder();
  execFileSync('tar', ['-xzf', join(import.meta.dirname, `${name}.tar.gz`), '-C', folder.path]);
  writeFileSync(join(folder.path, 'master.key'), fixtureMasterKey, { mode: 0o600 });
  return folder;
}

/** Without the commit number, which counts every start. */
function rowsOf(folder: string, all = false): readonly unknown[] {
  const database = new DatabaseSync(join(folder, 'postern.db'));
  try {
    return database.prepare(`SELECT key, version FROM records ${all ? '' : "WHERE key != 'seal/commit'"}`).all();
  } finally {
    database.close();
  }
}

test('a store in the released format is read, taken over, and unchanged', async () => {
  using folder = releasedFolder();
  const notices: string[] = [];
  const start = () => startServerWith({ data: folder.path, notice: (message) => notices.push(message) });
  {
    await using world = await start();
    const { client } = world;
    assert.deepEqual(notices, [
      `${folder.path} was written by an earlier release in format 1. Everything in it is read before Postern ${release} writes to it.`,
      `${recordsOfFixture} records were read. Postern ${release} uses the folder from now on. Its format is the same: to go back, stop this release and start the release that wrote it on the folder.`,
    ]);
    await readsEverything(client);
    // A change of a record that the earlier release wrote.
    const body = { value: 'the third' };
    expectStatus(await client.vault('kv-fixture', 'PUT', '/secrets/s', { body, from: '127.0.0.7' }), 200);
  }
  notices.length = 0;
  await using again = await start();
  assert.deepEqual(notices, [], 'all of it is read only once');
  const read = await again.client.vault('kv-fixture', 'GET', '/secrets/s', { from: '127.0.0.7' });
  assert.equal(read.body['value'], 'the third');
});

/** Reads the things that `fill-data-folder.ts` made. */
async function readsEverything(client: Client): Promise<void> {
  const ofVault = async (path: string) =>
    expectStatus(await client.vault('kv-fixture', 'GET', path, { from: '127.0.0.7' }), 200).body;
  assert.equal((await ofVault('/secrets/s'))['value'], 'the second');
  const versions = at(await ofVault('/secrets/s/versions'), 'value');
  assert.ok(Array.isArray(versions) && versions.length === 2);
  const ids = versions.map((_, index) => new URL(String(at(versions, index, 'id'))).pathname);
  const values = await Promise.all(ids.map(async (path) => String((await ofVault(path))['value'])));
  assert.deepEqual(new Set(values), new Set(['the first', 'the second']));
  assert.match(String((await ofVault('/deletedsecrets/gone'))['recoveryId']), /deletedsecrets\/gone$/);
  assert.equal(at(await ofVault('/keys/k'), 'key', 'kty'), 'EC');
  assert.match(
    String(at(await ofVault('/keys/k/rotationpolicy'), 'lifetimeActions', 0, 'trigger', 'timeAfterCreate')),
    /P300D/,
  );
  assert.match(String((await ofVault('/certificates/own'))['cer']), /^MII/);
  assert.equal((await ofVault('/certificates/issuers/test'))['provider'], 'Test');
  assert.equal(at(await ofVault('/certificates/contacts'), 'contacts', 0, 'email'), 'ada@contoso.example');
  assert.equal((await ofVault('/certificates/waits/pending'))['status'], 'inProgress');
  const arm = async (path: string) => expectStatus(await client.arm('GET', path), 200).body;
  assert.deepEqual(namesIn(await arm(`${group}/resources`)).toSorted(), [
    'app',
    'fixtureaccount',
    'ip',
    'kv-fixture',
    'net',
    'nsg',
    'peer',
  ]);
  assert.equal(at(await arm(`${vaults}/kv-fixture`), 'properties', 'networkAcls', 'defaultAction'), 'Deny');
  assert.equal(at(await arm(`${networks}/net/virtualNetworkPeerings/p`), 'name'), 'p');
  assert.equal(
    at(await arm('/providers/Microsoft.Resources/deployments/d'), 'properties', 'provisioningState'),
    'Succeeded',
  );
  const token = await client.token('arm');
  const groups = expectStatus(await client.send(`${client.home}/v1.0/groups`, { token }), 200).body;
  assert.equal(at(groups, 'value', 1, 'displayName'), 'G');
}

test('the folder of an earlier program is tried without a change, and then goes on with all that it has', async () => {
  using folder = releasedFolder('landed-3ae6abf8');
  giveToWorker(folder.path);
  const before = [rowsOf(folder.path, true), readFileSync(join(folder.path, 'commit-mark'))];
  const tried = spawnSync(postern, ['start', '--data', folder.path, '--dry-run'], { encoding: 'utf8' });
  assert.deepEqual(
    [tried.status, tried.stderr, tried.stdout.split('\n')],
    [
      0,
      '',
      [
        `${folder.path} was written by Postern 0.1.0 in format 1. This is Postern ${release} in format 1.`,
        `${recordsOfLanded} records were read, and each of them can be.`,
        'A start goes on. Its format is the same: to go back, stop this release and start Postern 0.1.0 on the folder.',
        'Nothing was changed.',
        '',
      ],
    ],
  );
  assert.deepEqual([rowsOf(folder.path, true), readFileSync(join(folder.path, 'commit-mark'))], before);
  await using server = await startPostern(['--data', folder.path]);
  await readsEverything(server.client);
  const seeded = await server.client.vault('kv-seeded', 'GET', '/secrets/greeting');
  assert.equal(seeded.body['value'], 'hello');
  assert.equal(await server.end('SIGTERM'), 0);
});

test('a dry run says what a start would refuse or do, and changes nothing', async () => {
  using folder = releasedFolder();
  const file = (name: string) => join(folder.path, name);
  const tryStart = (...words: readonly string[]) => {
    giveToWorker(folder.path);
    return spawnSync(postern, ['start', '--data', folder.path, '--dry-run', ...words], { encoding: 'utf8' });
  };
  const early = tryStart('--json');
  const { before, records, unreadable } = JSON.parse(early.stdout) as Readonly<Record<string, unknown>>;
  assert.deepEqual([early.status, before, records, unreadable], [0, { release: '', format: 1 }, recordsOfFixture, 0]);
  // The next key of a rotation that a start would do.
  writeFileSync(file('master.key.next'), Buffer.alloc(32, 8).toString('base64'));
  const rotating = tryStart();
  assert.match(rotating.stdout, /^A start seals it under the master key [0-9a-f]{16} instead of [0-9a-f]{16} \(ids/m);
  assert.match(rotating.stdout, /^A start reads all of it first, and takes it over\. /m);
  assert.equal(readFileSync(file('master.key'), 'utf8'), fixtureMasterKey);
  rmSync(file('master.key.next'));
  renameSync(file('commit-mark'), file('kept'));
  const withoutMark = tryStart();
  assert.match(withoutMark.stderr, /the commit mark is missing.*--accept-copy/s);
  assert.deepEqual([withoutMark.status, existsSync(file('commit-mark'))], [1, false]);
  renameSync(file('kept'), file('commit-mark'));
  const database = new DatabaseSync(file('postern.db'));
  database.exec(`UPDATE records SET value = x'00' WHERE key = 'vault-resource/kv-fixture'`);
  database.close();
  const damaged = tryStart();
  assert.match(damaged.stderr, /1 of the 92 records .* the record vault-resource\/kv-fixture is not what was written/);
  assert.match(tryStart('--accept-copy').stdout, /^92 records were read, and 1 of them cannot be\.$/m);
  renameSync(file('postern.db'), file('kept'));
  assert.match(tryStart().stderr, /postern\.db is not there: a start begins with an empty store/);
  assert.equal(existsSync(file('postern.db')), false);
  for (const [words, reason] of [
    [
      ['--data', file('none')],
      /--dry-run reads a data folder, and .*none is empty or not there: name another --data\./,
    ],
    [['--memory'], /--dry-run reads a data folder, and with --memory there is none/],
  ] as const) {
    const refused = spawnSync(postern, ['start', '--dry-run', ...words], { encoding: 'utf8' });
    assert.match(refused.stderr, reason);
    assert.equal(refused.status, 1);
  }
  assert.equal(existsSync(file('none')), false);
});

/** Started by root, the server's worker has a uid of its own. */
function giveToWorker(folder: string): void {
  if (process.geteuid?.() === 0) execFileSync('chown', ['-R', '61043:61043', folder]);
}

test('a store in a newer format is refused at the start, once, and stays unchanged', async () => {
  using folder = dataFolder();
  const data = join(folder.path, 'data');
  await (await startPostern(['--data', data])).end('SIGTERM');
  {
    await using world = await startServerWith({ data });
    await world.folder.store.transact({ put: [recordPut(writtenByKey, { release: '9.9.9', format: 99 })] });
  }
  // Started by root, the server's worker has a uid of its own, which owns these files.
  const { uid, gid } = statSync(data);
  for (const name of readdirSync(data)) chownSync(join(data, name), uid, gid);
  const before = rowsOf(data);
  const what = `${data} was written by Postern 9.9.9 in format 99, and Postern ${release} reads formats up to 1. Nothing was changed.`;
  const remedy =
    'Start Postern 9.9.9 or a newer one, or restore the copy that was made before the upgrade (docs/how-to/upgrade.md).';
  await assert.rejects(startPostern(['--data', data]), (error: Error) => {
    assert.deepEqual(error.message.split(`${what} ${remedy}`).length, 2, error.message);
    return true;
  });
  assert.deepEqual(rowsOf(data), before);
});

test('a record that cannot be read prevents an earlier store from being taken over', async () => {
  using folder = releasedFolder();
  const database = new DatabaseSync(join(folder.path, 'postern.db'));
  database.exec(`UPDATE records SET value = x'00' WHERE key LIKE 'vault-resource/%'`);
  database.close();
  const before = rowsOf(folder.path);
  const notices: string[] = [];
  const start = (...options: readonly string[]) =>
    startServerWith({ data: folder.path, options, notice: (message) => notices.push(message) });
  const reasons = ['kv-deleted', 'kv-fixture'].map(
    (name) => `the record vault-resource/${name} is not what was written`,
  );
  const found = `2 of the ${recordsOfFixture} records in ${folder.path} cannot be read: ${reasons.join('; ')}.`;
  const remedy =
    'Start the release that wrote it again, or restore a good copy, or start once with --accept-copy to continue without them';
  await assert.rejects(start(), {
    kind: 'unreadableRecords',
    message: `${found} Postern ${release} changed nothing. ${remedy} (docs/how-to/upgrade.md).`,
  });
  assert.deepEqual(rowsOf(folder.path), before);
  notices.length = 0;
  await using _ = await start('--accept-copy');
  assert.equal(notices[1], `${found} They are left as they are.`);
});

test('the release is that of the package', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  assert.ok(typeof manifest === 'object' && manifest !== null && 'version' in manifest);
  assert.equal(release, manifest.version);
});
