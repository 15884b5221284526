import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { at, expectStatus, group, namesIn, networks, vaults } from '../control-plane/resources.ts';
import { recordPut } from '../../src/store/records.ts';
import { release, writtenByKey } from '../../src/worker/upgrade.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';
import { fixtureMasterKey } from './fill-data-folder.ts';

/** How many records the earlier release left, without those of the seal. */
const recordsOfFixture = 92;

/**
 * The data folder of release 0.1.0, before a store named its release: written by `fill-data-folder.ts` with that code.
 */
function releasedFolder(): Disposable & { readonly path: string } {
  const folder = dataFolder();
  execFileSync('tar', ['-xzf', join(import.meta.dirname, 'released-0.1.0.tar.gz'), '-C', folder.path]);
  writeFileSync(join(folder.path, 'master.key'), fixtureMasterKey, { mode: 0o600 });
  return folder;
}

/** Without the commit number, which counts every start. */
function rowsOf(folder: string): readonly unknown[] {
  const database = new DatabaseSync(join(folder, 'postern.db'));
  try {
    return database.prepare("SELECT key, version FROM records WHERE key != 'seal/commit'").all();
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
    const ofVault = async (path: string) =>
      expectStatus(await client.vault('kv-fixture', 'GET', path, { from: '127.0.0.7' }), 200).body;
    assert.equal((await ofVault('/secrets/s'))['value'], 'the second');
    assert.equal((await ofVault('/secrets/s/6630e9975b615c5aaf1f43be0f071b37'))['value'], 'the first');
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
