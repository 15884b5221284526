/**
 * What a compromised worker can leave in its data folder for the next start: links of every kind, in every place. Root
 * does not follow any of them; a file of root's keeps its owner, its mode and its contents.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

/** The uid that root's worker changes to where it has no account. */
const worker = { uid: 61_043, gid: 61_043 };

/** The names that are in the folder, or could be: files that are written, read, locked or renamed; folders; and unused names. */
const files = [
  'ca.pem',
  'ca.pem.new',
  'connection.json',
  'connection.json.new',
  'supervisor.lock',
  'audit/audit.new.jsonl',
  'storage',
  'control',
  'anything',
  'deep/er/still',
];

/** The files that the worker needs: a link in such a place may prevent the start, and nothing else. */
const needed = ['master.key', 'commit-mark', 'postern.db', 'postern.db-wal', 'postern.db.lock', 'audit/audit.jsonl'];

/** Files of root's that no other user may see, and a folder of root's. */
class Victims implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-victims-'));
  #made = 0;

  /** A file, and a check that it was not changed. */
  file(): { readonly path: string; readonly assertUntouched: (what: string) => void } {
    this.#made += 1;
    const path = join(this.#folder, `victim-${this.#made}`);
    writeFileSync(path, 'root only', { mode: 0o640 });
    chmodSync(path, 0o640);
    const assertUntouched = (what: string) => {
      const { uid, gid, mode } = statSync(path);
      assert.deepEqual({ uid, gid, mode: mode & 0o7777 }, { uid: 0, gid: 0, mode: 0o640 }, what);
      assert.equal(readFileSync(path, 'utf8'), 'root only', what);
    };
    return { path, assertUntouched };
  }

  folder(): { readonly path: string; readonly assertUntouched: (what: string) => void } {
    this.#made += 1;
    const path = join(this.#folder, `folder-${this.#made}`);
    mkdirSync(path, { mode: 0o755 });
    writeFileSync(join(path, 'audit.jsonl'), 'root only', { mode: 0o600 });
    const assertUntouched = (what: string) => {
      assert.equal(statSync(path).uid, 0, what);
      assert.equal(statSync(path).mode & 0o7777, 0o755, what);
      assert.deepEqual(readdirSync(path), ['audit.jsonl'], what);
      assert.equal(statSync(join(path, 'audit.jsonl')).uid, 0, what);
    };
    return { path, assertUntouched };
  }

  nothing(): { readonly path: string; readonly assertUntouched: (what: string) => void } {
    this.#made += 1;
    const path = join(this.#folder, `nothing-${this.#made}`);
    return { path, assertUntouched: (what) => assert.equal(existsSync(path), false, what) };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Puts something else in the place of a file, as the worker could: it owns the folder. */
const plants: Readonly<Record<string, (place: string, victims: Victims) => (what: string) => void>> = {
  'a link to a file': (place, victims) => linkTo(place, victims.file()),
  'a link to a folder': (place, victims) => linkTo(place, victims.folder()),
  'a link to nothing': (place, victims) => linkTo(place, victims.nothing()),
  'a hard link': (place, victims) => {
    const { path, assertUntouched } = victims.file();
    linkSync(path, place);
    return assertUntouched;
  },
  'a FIFO': (place) => {
    execFileSync('mkfifo', [place]);
    lchownSync(place, worker.uid, worker.gid);
    return () => undefined;
  },
  'a device': (place) => {
    execFileSync('mknod', [place, 'c', '1', '3']);
    return (what) => {
      const { uid, isCharacterDevice } = pick(place);
      assert.ok(!isCharacterDevice || uid === 0, what);
    };
  },
};

function pick(place: string): { readonly uid: number; readonly isCharacterDevice: boolean } {
  const found = lstatSync(place, { throwIfNoEntry: false });
  return { uid: found?.uid ?? 0, isCharacterDevice: found?.isCharacterDevice() ?? false };
}

function linkTo(place: string, victim: { readonly path: string; readonly assertUntouched: (what: string) => void }) {
  symlinkSync(victim.path, place);
  lchownSync(place, worker.uid, worker.gid);
  return victim.assertUntouched;
}

function isRoot(what: string): boolean {
  if (process.geteuid?.() === 0) return true;
  notRun(what, 'needs root');
  return false;
}

interface Place {
  readonly name: string;
  /** A key of `plants`. */
  readonly kind: string;
}

function put(data: string, { name, kind }: Place, victims: Victims): (what: string) => void {
  const place = join(data, name);
  for (let above = join(place, '..'); !existsSync(above); above = join(above, '..')) {
    mkdirSync(above, { recursive: true });
    lchownSync(above, worker.uid, worker.gid);
  }
  if (lstatSync(place, { throwIfNoEntry: false }) !== undefined)
    renameSync(place, `${place}.before-${kind.replaceAll(' ', '-')}`);
  return plants[kind]?.(place, victims) ?? assert.fail(kind);
}

test('root does not follow links of any kind anywhere in the data folder, whichever process was killed', async () => {
  if (!isRoot('links in the data folder')) return;
  using data = dataFolder();
  using victims = new Victims();
  const untouched: ((when: string) => void)[] = [];
  const plant = (kind: string) => {
    for (const name of files) {
      const assertUntouched = put(data.path, { name, kind }, victims);
      untouched.push((when) => assertUntouched(`${kind} as ${name}, ${when}`));
    }
  };
  let world = await startPostern(['--data', data.path]);
  try {
    for (const kind of Object.keys(plants)) {
      plant(kind);
      await killWorker(world);
      for (const assertUntouched of untouched) assertUntouched('worker killed');
    }
    for (const kind of ['a link to a file', 'a hard link']) {
      plant(kind);
      await world.end('SIGKILL');
      world = await startPostern(['--data', data.path]);
      for (const assertUntouched of untouched) assertUntouched('supervisor killed');
    }
  } finally {
    await world[Symbol.asyncDispose]();
  }
});

test('a link in the place of a file that the worker needs prevents the start, and does nothing else', async () => {
  if (!isRoot('links in the place of needed files')) return;
  using data = dataFolder();
  using victims = new Victims();
  await (await startPostern(['--data', data.path])).end('SIGKILL');
  const refused = async (copy: string, places: readonly Place[]) => {
    const path = `${data.path}-${copy}`;
    execFileSync('cp', ['-a', data.path, path]);
    const untouched = places.map((place) => put(path, place, victims));
    await assert.rejects(startPostern(['--data', path]), /postern did not start/);
    for (const [index, assertUntouched] of untouched.entries()) assertUntouched(JSON.stringify(places[index]));
    rmSync(path, { recursive: true });
  };
  await refused('audit', [{ name: 'audit', kind: 'a link to a folder' }]);
  for (const kind of ['a link to a file', 'a hard link', 'a link to nothing'])
    await refused(
      kind.replaceAll(' ', '-'),
      needed.map((name) => ({ name, kind })),
    );
});

test("files of root's under Postern's names are refused with the remedy, and not given to the worker", async () => {
  if (!isRoot("root's own files in the data folder")) return;
  using data = dataFolder();
  await (await startPostern(['--data', data.path])).end('SIGTERM');
  const log = join(data.path, 'audit/audit.jsonl');
  chownSync(log, 0, 0);
  await assert.rejects(startPostern(['--data', data.path]), (error: Error) => {
    assert.match(error.message, /Root owns audit\/audit\.jsonl in the data folder/);
    return error.message.includes(`chown -h ${worker.uid}:${worker.gid} ${log}`);
  });
  assert.equal(statSync(log).uid, 0);
  chownSync(log, worker.uid, worker.gid);
  const again = await startPostern(['--data', data.path]);
  assert.equal(await again.end('SIGTERM'), 0);
});

async function killWorker(world: RunningPostern): Promise<void> {
  process.kill(world.workerPid(), 'SIGKILL');
  await until(async () => {
    const answer = await world.client.send(`${world.client.vaultOrigin('demo')}/healthstatus`).catch(() => undefined);
    return answer?.status === 200;
  }, 'an answer of the next worker');
}
