import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const from = '127.0.0.7';

const read = (world: RunningPostern) => world.client.vault('demo', 'GET', '/secrets/greeting', { from });
const write = (world: RunningPostern, name: string) =>
  world.client.vault('demo', 'PUT', `/secrets/${name}`, { from, body: { value: 'v' } });

/** In which of the files the record of the answered request is, and how often. */
const recordsOf = ({ headers }: Awaited<ReturnType<typeof read>>, ...files: readonly string[]) => {
  const correlationId = String(headers['x-ms-request-id']);
  const texts = files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
  return texts.join('').split(`"correlationId":"${correlationId}"`).length - 1;
};

suite('while the server runs', () => {
  test('an audit log that is removed, moved, or lost with its folder is written again within a second', async () => {
    using data = dataFolder();
    await using world = await startPostern(['--data', data.path]);
    const folder = join(data.path, 'audit');
    const file = join(folder, 'audit.jsonl');
    assert.equal((await read(world)).status, 200);

    rmSync(file);
    const [readIt, wroteIt] = [await read(world), await write(world, 'one')];
    assert.deepEqual([readIt.status, wroteIt.status], [200, 200]);
    await until(() => recordsOf(readIt, file) === 1, 'the record of the read in the new file');
    await until(() => recordsOf(wroteIt, file) === 1, 'the record of the write in the new file');

    const rotated = join(folder, 'rotated');
    renameSync(file, rotated);
    const [readNext, wroteNext] = [await read(world), await write(world, 'one')];
    assert.deepEqual([readNext.status, wroteNext.status], [200, 200]);
    await until(() => existsSync(file), 'a new file');
    await until(() => recordsOf(wroteNext, rotated, file) === 1, 'the record of the write in one of the two');
    assert.equal(recordsOf(readNext, rotated, file), 1);

    renameSync(folder, join(data.path, 'elsewhere'));
    await until(() => existsSync(file), 'a new folder');
    const wroteLast = await write(world, 'two');
    await until(() => recordsOf(wroteLast, file) === 1, 'the record of the write in the new folder');
    assert.match(world.stderr(), /moved by another program; writing goes on/);
  });

  test('an audit log whose path is taken causes a 503 that discloses and changes nothing, until it is free', async () => {
    using data = dataFolder();
    await using world = await startPostern(['--data', data.path]);
    const file = join(data.path, 'audit/audit.jsonl');
    rmSync(file);
    mkdirSync(file);
    await until(() => world.stderr().includes('requests are refused until it can'), 'the notice');
    const refused = await read(world);
    assert.equal(refused.status, 503);
    assert.equal(refused.body['value'], undefined);
    assert.equal((await write(world, 'one')).status, 503);
    rmSync(file, { recursive: true });
    await until(async () => (await read(world)).status === 200, 'an answer');
    const { status } = await world.client.vault('demo', 'GET', '/secrets/one', { from });
    assert.equal(status, 404);
  });

  for (const { name, remove } of [
    { name: 'the database is removed', remove: (path: string) => rmSync(path) },
    { name: 'its write-ahead log is removed', remove: (path: string) => rmSync(`${path}-wal`) },
    {
      name: 'a copy takes its place',
      remove: (path: string) => {
        renameSync(path, `${path}.moved`);
        renameSync(`${path}-shm`, path);
      },
    },
  ]) {
    test(`${name}: no write is acknowledged and nothing is read, and the log reports it once`, async () => {
      using data = dataFolder();
      await using world = await startPostern(['--data', data.path]);
      assert.equal((await read(world)).status, 200);
      remove(join(data.path, 'postern.db'));
      if (name.includes('removed')) assert.equal((await write(world, 'lost')).status, 503);
      await until(async () => (await read(world)).status === 503, 'a refusal of reads');
      assert.equal((await write(world, 'lost')).status, 503);
      assert.equal(world.stderr().split('removed, moved or replaced while the server was running').length, 2);
    });
  }
});
