import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkBackup } from '../../src/backup/check-backup.ts';
import { masterKeyFrom, parseMasterKey } from '../../src/crypto/master-key.ts';
import { openCommitMark } from '../../src/store/commit-counter.ts';
import { dataFormat } from '../../src/store/keys.ts';
import { readMark } from '../../src/store/marked-commit.ts';
import { Unreadable } from '../../src/store/store.ts';
import { Backups } from '../../src/worker/backup.ts';
import { finishRestore, markFault, restoreInto } from '../../src/worker/restore.ts';
import { lastRecordIn, linesOf } from '../audit/log-lines.ts';
import { dataFolder } from '../world/process.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { joined, sourceOf } from './made.ts';

const from = '127.0.0.7';
const config = { audit: { maxBytes: 65_536 } };

interface Acknowledged {
  readonly name: string;
  readonly value: string;
  readonly requestId: string;
}

/** Sets secrets one after the other until it is told to stop. */
async function client({ client: asked }: TestServer, prefix: string, known: Acknowledged[], signal: AbortSignal) {
  for (let index = 0; !signal.aborted; index += 1) {
    const [name, value] = [`${prefix}-${index % 7}-${index}`, `value ${index}`];
    const { status, headers } = await asked.vault('open', 'PUT', `/secrets/${name}`, { body: { value }, from });
    assert.equal(status, 200);
    known.push({ name, value, requestId: String(headers['x-ms-request-id']) });
  }
}

function backupsOf({ server, folder, now }: TestServer, data: string): Backups {
  return new Backups({
    ...folder,
    databaseFile: join(data, 'postern.db'),
    audit: server.audit,
    masterKeyText: () => readFileSync(join(data, 'master.key'), 'utf8'),
    now,
  });
}

async function taken(backups: Backups, asked = { withMasterKey: false, withoutLog: false }): Promise<Buffer> {
  const begun = await backups.begin(asked);
  assert.ok(begun.ok);
  const bytes = await joined(begun.pieces);
  begun.end();
  return bytes;
}

function keyOf(data: string) {
  const parsed = parseMasterKey(readFileSync(join(data, 'master.key'), 'utf8'));
  assert.ok(parsed.ok);
  return parsed.masterKey;
}

async function restored(
  bytes: Buffer,
  { to, key, keyText }: { to: string; key: ReturnType<typeof keyOf>; keyText: string },
) {
  await restoreInto({
    source: sourceOf(bytes),
    folder: to,
    masterKey: key,
    masterKeyText: keyText,
    markFile: join(to, 'commit-mark'),
    withoutLog: false,
    nowMs: Date.now(),
  });
  finishRestore(to);
}

describe('a backup of a running server', () => {
  it('has every write that 32 clients were told of before it began, and its log has each record once', async () => {
    using data = dataFolder();
    using elsewhere = dataFolder();
    const known: Acknowledged[] = [];
    let before = 0;
    let bytes: Buffer = Buffer.alloc(0);
    {
      await using world = await startServerWith({ data: data.path, demo: true, config });
      const over = new AbortController();
      const clients = Array.from({ length: 32 }, (_, index) => client(world, `c${index}`, known, over.signal));
      while (known.length < 200) await new Promise(setImmediate);
      before = known.length;
      bytes = await taken(backupsOf(world, data.path));
      while (known.length < before + 100) await new Promise(setImmediate);
      over.abort();
      await Promise.all(clients);
    }
    const key = keyOf(data.path);
    const checked = await checkBackup(sourceOf(bytes), { masterKey: key, dataFormat: dataFormat() });
    assert.ok(checked.log.files > 1, 'the log was put aside under the load');
    await restored(bytes, { to: elsewhere.path, key, keyText: readFileSync(join(data.path, 'master.key'), 'utf8') });
    const audit = join(elsewhere.path, 'audit');
    {
      await using next = await startServerWith({ data: elsewhere.path, demo: true, config });
      for (const { name, value } of known.slice(0, before)) {
        const { status, body } = await next.client.vault('open', 'GET', `/secrets/${name}`, { from });
        assert.deepEqual([status, body['value']], [200, value], name);
      }
      const { body } = await next.client.vault('open', 'PUT', '/secrets/after', { body: { value: 'x' }, from });
      assert.equal(body['value'], 'x');
    }
    const lines = linesOf(audit);
    const counts = Map.groupBy(lines, ({ correlationId }) => correlationId);
    for (const { requestId, name } of known.slice(0, before)) assert.equal(counts.get(requestId)?.length, 1, name);
    const ids = lines.flatMap(({ properties }) => properties.recordId ?? []);
    assert.equal(new Set(ids).size, ids.length, 'each record of a change is there once');
    const records = (operation: string) => lines.filter(({ operationName }) => operationName === operation);
    const [restore] = records('POSTERN.SERVER/BACKUPS/RESTORE/ACTION');
    assert.deepEqual(restore?.properties['backup'], {
      madeAt: checked.manifest.madeAt,
      release: checked.manifest.release,
      records: checked.manifest.records,
      log: true,
    });
    assert.deepEqual(
      records('POSTERN.SERVER/BACKUPS/WRITE').map(({ properties }) => properties['backup']),
      [{ madeAt: checked.manifest.madeAt, log: true, masterKey: false }],
    );
  });

  it('has no log where that is left out, and its key where that is asked for; a second one waits', async () => {
    using data = dataFolder();
    await using world = await startServerWith({ data: data.path });
    const backups = backupsOf(world, data.path);
    const bytes = await taken(backups, { withMasterKey: true, withoutLog: true });
    const { manifest, masterKeyText } = await checkBackup(sourceOf(bytes), {
      masterKey: undefined,
      dataFormat: dataFormat(),
    });
    assert.deepEqual([manifest.hasLog, manifest.hasMasterKey], [false, true]);
    assert.equal(masterKeyText, readFileSync(join(data.path, 'master.key'), 'utf8').trim());
    const first = await backups.begin({ withMasterKey: false, withoutLog: true });
    assert.deepEqual(await backups.begin({ withMasterKey: false, withoutLog: true }), {
      ok: false,
      message: 'Another backup is being made: wait for its end.',
    });
    assert.ok(first.ok);
    first.end();
    assert.ok((await taken(backups)).length > 0);
    const last = lastRecordIn(world.folder.auditDirectory, ({ operationName }) =>
      operationName.endsWith('BACKUPS/WRITE'),
    );
    assert.deepEqual(Object.keys(last?.properties['backup'] ?? {}), ['madeAt', 'log', 'masterKey']);
  });

  it('is refused with a key that is not in use, and by a server in memory', async () => {
    using data = dataFolder();
    await using world = await startServerWith({ data: data.path });
    const services = {
      ...world.folder,
      databaseFile: join(data.path, 'postern.db'),
      audit: world.server.audit,
      now: Date.now,
    };
    const other = new Backups({ ...services, masterKeyText: () => Buffer.alloc(32, 1).toString('base64') });
    assert.deepEqual(await other.begin({ withMasterKey: true, withoutLog: true }), {
      ok: false,
      message:
        'The master key that the server has read from its settings is not the one that the records are sealed under: send it SIGHUP.',
    });
    const inMemory = new Backups({ ...services, databaseFile: undefined, masterKeyText: () => '' });
    const refused = await inMemory.begin({ withMasterKey: false, withoutLog: true });
    assert.deepEqual(
      [refused.ok, 'message' in refused && refused.message],
      [false, 'The server keeps its records in memory (--memory), so there is nothing to back up.'],
    );
    const read = () => Promise.reject(new Unreadable('the database file is gone'));
    const { storeId, masterKey } = world.folder.store;
    const store = { read, storeId, masterKey, hasOneMasterKey: true };
    const moved = new Backups({ ...services, store, masterKeyText: () => '' });
    await assert.rejects(moved.begin({ withMasterKey: false, withoutLog: true }), Unreadable);
    const rotating = new Backups({
      ...services,
      store: { ...store, read: async () => [], hasOneMasterKey: false },
      masterKeyText: () => '',
    });
    const later = await rotating.begin({ withMasterKey: false, withoutLog: true });
    assert.equal(!later.ok && later.message, 'The master key is being changed: make the backup when that is done.');
    const gone = new Backups({ ...services, databaseFile: join(data.path, 'gone.db'), masterKeyText: () => '' });
    await assert.rejects(taken(gone), /unable to open database file/);
    assert.equal((await world.client.arm('GET', '')).status, 200, 'and the log goes on');
  });
});

describe('a commit mark', () => {
  it('is replaced by a restore of its own store, and not where another one needs it', async () => {
    using data = dataFolder();
    let storeId = '';
    {
      await using world = await startServerWith({ data: data.path });
      ({ storeId } = world.folder.store);
    }
    const key = keyOf(data.path);
    const mark = join(data.path, 'commit-mark');
    assert.equal(await markFault(mark, storeId, key), undefined);
    assert.equal(await markFault(mark, 'another', key), 'it is the mark of another store');
    assert.match((await markFault(mark, storeId, masterKeyFrom(Buffer.alloc(32, 9)))) ?? '', /another master key/);
    writeFileSync(join(data.path, 'none'), '');
    assert.equal(await markFault(join(data.path, 'none'), storeId, key), undefined);
  });

  it('of later writes goes on from there, so that copies from between are older ones', async () => {
    using data = dataFolder();
    using elsewhere = dataFolder();
    let bytes: Buffer = Buffer.alloc(0);
    {
      await using world = await startServerWith({ data: data.path });
      bytes = await taken(backupsOf(world, data.path));
    }
    {
      await using world = await startServerWith({ data: data.path });
      assert.equal((await world.client.arm('GET', '')).status, 200);
    }
    const [key, mark] = [keyOf(data.path), join(elsewhere.path, 'commit-mark')];
    copyFileSync(join(data.path, 'commit-mark'), mark);
    const later = await countOf(mark, key);
    await restored(bytes, { to: elsewhere.path, key, keyText: readFileSync(join(data.path, 'master.key'), 'utf8') });
    assert.ok((await countOf(mark, key)) > later);
    await using next = await startServerWith({ data: elsewhere.path });
    assert.equal((await next.client.arm('GET', '')).status, 200);
  });
});

async function countOf(file: string, key: ReturnType<typeof keyOf>): Promise<bigint> {
  const mark = await openCommitMark(file);
  const read = readMark(await mark.read(), [key]);
  await mark.close();
  assert.ok(read.kind === 'sealed');
  return read.commit;
}
