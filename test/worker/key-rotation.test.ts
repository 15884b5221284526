import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generateMasterKey, parseMasterKey } from '../../src/crypto/master-key.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { encode } from '../../src/store/store.ts';
import { temporaryFolder } from '../store/folder.ts';
import { openRotation } from './rotation.ts';

const program = fileURLToPath(new URL('./rotation-child.ts', import.meta.url));

/** More than a page of data keys. */
const names = Array.from({ length: 250 }, (_, index) => `vault/${index}/secret/x`);
const rotation = { of: 'masterKey', key: undefined } as const;

/** A folder with a key and a store. */
async function sealedFolder() {
  const folder = await temporaryFolder();
  const inner = memoryStore();
  const key = generateMasterKey();
  writeFileSync(join(folder.path, 'master.key'), key, { mode: 0o600 });
  const { store } = await openRotation(folder.path, inner);
  await store.transact({ put: names.map((each) => ({ key: each, value: encode(each) })) });
  return { path: folder.path, inner, key, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function opensAll(store: Pick<Store, 'read'>): Promise<void> {
  const read = await store.read({ get: names });
  assert.deepEqual(
    read.map((record) => record && Buffer.from(record.value).toString()),
    names.map((each) => JSON.stringify(each)),
  );
}

function parsed(key: string) {
  const read = parseMasterKey(key);
  assert.ok(read.ok);
  return read.masterKey;
}

/** The store stays open for the next start, as a database file does. */
const stay = (inner: Store): Store => ({
  ...methodsOf(inner),
  close: async () => undefined,
});

function methodsOf(inner: Store): Omit<Store, 'close'> {
  return {
    read: (request) => inner.read(request),
    list: (request) => inner.list(request),
    readMany: (requests) => inner.readMany(requests),
    transact: (transaction) => inner.transact(transaction),
    changes: (since, limit) => inner.changes(since, limit),
  };
}

const keyIn = (folder: string, name = 'master.key') => readFileSync(join(folder, name), 'utf8').trim();

suite('a master key in the data folder', () => {
  test('is replaced: the new one opens everything, the old one nothing, and a record has their ids', async () => {
    await using folder = await sealedFolder();
    const { keys, store, id, records } = await openRotation(folder.path, folder.inner);
    const { from, to } = await keys.rotate(rotation);
    assert.deepEqual(from, [id]);
    assert.equal(parsed(keyIn(folder.path)).id, to);
    assert.equal(statSync(join(folder.path, 'master.key')).mode & 0o777, 0o600);
    assert.equal(existsSync(join(folder.path, 'master.key.next')), false);
    await opensAll(store);
    await opensAll((await openRotation(folder.path, folder.inner)).store);
    await assert.rejects(openSealedStore({ inner: folder.inner, masterKey: parsed(folder.key) }), {
      kind: 'wrongMasterKey',
    });
    assert.doesNotMatch(JSON.stringify(records), new RegExp(folder.key.slice(0, 20).replace(/[+/]/g, '.')));
    assert.deepEqual(
      records.map(({ operationName, properties }) => [operationName, properties]),
      [
        [
          'Rotate master key',
          {
            category: 'KeyManagement',
            result: 'success',
            targetResources: [{ type: 'MasterKey', id: to }],
            replaced: [id],
            httpStatusCode: 200,
          },
        ],
      ],
    );
  });

  test('may be stopped after any write: the next start has everything, finishes, and needs the new key alone', async () => {
    let finished = false;
    for (let writes = 0; !finished; writes += 1) {
      assert.ok(writes < 40, 'it never finishes');
      await using folder = await sealedFolder();
      let left = Number.POSITIVE_INFINITY;
      const failing = {
        ...stay(folder.inner),
        async transact(transaction: Parameters<Store['transact']>[0]) {
          left -= 1;
          if (left < 0) throw new Error('the power is gone');
          return folder.inner.transact(transaction);
        },
      };
      const { keys } = await openRotation(folder.path, failing);
      left = writes;
      finished = await keys.rotate(rotation).then(
        () => true,
        (error: Error) => {
          assert.equal(error.message, 'the power is gone');
          return false;
        },
      );
      const next = finished ? undefined : keyIn(folder.path, 'master.key.next');
      const again = await openRotation(folder.path, folder.inner);
      await opensAll(again.store);
      if (next !== undefined) assert.equal(keyIn(folder.path), next, `after ${writes} writes`);
      assert.equal(existsSync(join(folder.path, 'master.key.next')), false);
      const alone = await openRotation(folder.path, folder.inner, { masterKey: keyIn(folder.path) });
      await opensAll(alone.store);
      await assert.rejects(openRotation(folder.path, folder.inner, { masterKey: folder.key }), {
        kind: 'wrongMasterKey',
      });
      if (finished) assert.ok(writes > 6, 'there are several steps');
    }
  });

  test('a start says in a record that it finished a rotation', async () => {
    await using folder = await sealedFolder();
    const next = generateMasterKey();
    writeFileSync(join(folder.path, 'master.key.next'), next, { mode: 0o600 });
    const { records, id } = await openRotation(folder.path, folder.inner);
    assert.equal(id, parsed(next).id);
    assert.deepEqual(
      records.map(({ properties }) => properties),
      [
        {
          category: 'KeyManagement',
          result: 'success',
          targetResources: [{ type: 'MasterKey', id }],
          replaced: [parsed(folder.key).id],
          httpStatusCode: 200,
        },
      ],
    );
    assert.deepEqual((await openRotation(folder.path, folder.inner)).records, [], 'the next start did nothing');
  });

  test('a key that was being written when the power went was never in use, and is written again', async () => {
    await using folder = await sealedFolder();
    writeFileSync(join(folder.path, 'master.key.next.new'), 'AAAA');
    const { keys, store } = await openRotation(folder.path, folder.inner);
    await keys.rotate(rotation);
    await opensAll(store);
    assert.equal(existsSync(join(folder.path, 'master.key.next.new')), false);
  });

  test('after a failure the same rotation is finished, and another key is refused until then', async () => {
    await using folder = await sealedFolder();
    let isFull = false;
    const filling = {
      ...stay(folder.inner),
      transact: (transaction: Parameters<Store['transact']>[0]) =>
        isFull && transaction.put?.some(({ key }) => key === 'seal/vault/7')
          ? Promise.reject(new Error('the disk is full'))
          : folder.inner.transact(transaction),
    };
    const { keys, store } = await openRotation(folder.path, filling);
    isFull = true;
    await assert.rejects(keys.rotate(rotation), /the disk is full/);
    const next = keyIn(folder.path, 'master.key.next');
    await opensAll(store);
    isFull = false;
    await assert.rejects(keys.rotate({ of: 'masterKey', key: generateMasterKey() }), {
      name: 'RotationRefused',
      message: `an earlier rotation to the master key ${parsed(next).id} (an id, not the key) was cut short, and records may be sealed under it; nothing was changed: finish it first, without a new key of your own`,
    });
    assert.equal((await keys.rotate(rotation)).to, parsed(next).id);
    assert.equal(keyIn(folder.path), next);
    await opensAll(store);
  });

  test('a string that is not a key, or is the key in use, changes nothing', async () => {
    await using folder = await sealedFolder();
    const { keys, id } = await openRotation(folder.path, folder.inner);
    for (const [key, reason] of [
      ['short', /^the new master key is not one: it has \d bytes/],
      ['', /^the new master key is not one: it is neither hex nor base64/],
      [folder.key, new RegExp(`^the new master key is the one in use, ${id} \\(an id`)],
    ] as const) {
      await assert.rejects(keys.rotate({ of: 'masterKey', key }), { name: 'RotationRefused', message: reason });
      assert.equal(existsSync(join(folder.path, 'master.key.next')), false);
    }
    assert.equal(keyIn(folder.path), folder.key);
  });

  const rounds = 4;
  test(`survives kill -9 at ${rounds} random moments of a process that rotates without end`, async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, 'master.key'), generateMasterKey(), { mode: 0o600 });
    const file = join(folder.path, 'postern.db');
    const start = async () => openRotation(folder.path, await openSqliteStore({ file }));
    const first = await start();
    await first.store.transact({ put: names.map((each) => ({ key: each, value: encode(each) })) });
    await first.store.close();
    const used = new Set([keyIn(folder.path)]);
    for (let round = 0; round < rounds; round += 1) {
      const child = spawn(process.execPath, [program, folder.path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), randomInt(150)));
      await once(child, 'close');
      assert.equal(child.signalCode, 'SIGKILL');
      const again = await start();
      await opensAll(again.store);
      await again.store.close();
      used.add(keyIn(folder.path));
      assert.equal(existsSync(join(folder.path, 'master.key.next')), false);
    }
    assert.ok(used.size > 1, 'a rotation was finished');
    const last = keyIn(folder.path);
    for (const key of used) {
      const inner = await openSqliteStore({ file });
      const opened = openSealedStore({ inner, masterKey: parsed(key) });
      if (key === last) await opensAll(await opened);
      else await assert.rejects(opened, { kind: 'wrongMasterKey' });
      await inner.close();
    }
  });
});

suite('a master key in another place', () => {
  test('of the environment is not replaced, and of a file by whoever may write it', async () => {
    await using folder = await sealedFolder();
    const file = join(folder.path, 'operators.key');
    writeFileSync(file, folder.key);
    const ofVariable = await openRotation(folder.path, folder.inner, { masterKey: folder.key });
    await assert.rejects(ofVariable.keys.rotate(rotation), {
      name: 'RotationRefused',
      message: 'the master key is in POSTERN_MASTER_KEY, which only a restart changes; nothing was changed',
    });
    const ofFile = await openRotation(folder.path, folder.inner, { masterKeyFile: file });
    await assert.rejects(ofFile.keys.rotate(rotation), /^RotationRefused: the master key is in a file of its own/);
    const next = generateMasterKey();
    const { to } = await ofFile.keys.rotate({ of: 'masterKey', key: next });
    assert.equal(to, parsed(next).id);
    assert.equal(readFileSync(file, 'utf8'), folder.key, 'it is not ours');
    // A restart before the file was replaced.
    writeFileSync(`${file}.next`, next);
    const again = await openRotation(folder.path, folder.inner, { masterKeyFile: file });
    await opensAll(again.store);
    assert.deepEqual(again.notices, [`The master key is the one in ${file}.next: move it to ${file}.`]);
    assert.deepEqual(again.records, [], 'the rotation was recorded when it began');
    assert.deepEqual(await again.keys.rotate({ of: 'masterKey', key: next }), { from: [], to }, 'it is in use already');
    writeFileSync(file, next);
    await opensAll((await openRotation(folder.path, folder.inner, { masterKeyFile: file })).store);
  });

  test('rotations that are asked for at once are done one after the other', async () => {
    await using folder = await sealedFolder();
    const { keys, store } = await openRotation(folder.path, folder.inner);
    const done = await Promise.all([1, 2, 3].map(() => keys.rotate(rotation)));
    assert.deepEqual(
      done.slice(1).map(({ from }) => from),
      done.slice(0, -1).map(({ to }) => [to]),
    );
    await opensAll(store);
    await opensAll((await openRotation(folder.path, folder.inner)).store);
  });
});
