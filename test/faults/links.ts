import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder, startPostern } from '../world/process.ts';
import type { Figures } from './figures.ts';
import { serves } from './kill.ts';

/** The names that a compromised worker could replace by links. */
const names = [
  'ca.pem',
  'connection.json',
  'commit-mark',
  'audit',
  'audit/audit.jsonl',
  'postern.db',
  'postern.db-wal',
  'storage',
  'any',
];

/**
 * Replaces each name in the folder by a link to another user's file or folder; then the worker is killed, and the
 * supervisor. Whatever they do with the link, its target stays unchanged.
 */
export async function linkedNames(most: number, progress: (text: string) => void): Promise<Figures> {
  const faults: string[] = [];
  let [links, served] = [0, 0];
  for (const name of names.slice(0, most)) {
    using data = dataFolder();
    using elsewhere = dataFolder();
    const folder = join(data.path, 'data');
    const sentinel = makeSentinel(elsewhere.path);
    const before = stateOf(elsewhere.path);
    const running = await startPostern(['--data', folder]);
    try {
      const link = join(folder, name);
      const isFolder = name === 'audit' || name === 'storage';
      if (existsSync(link)) renameSync(link, `${link}.aside`);
      symlinkSync(isFolder ? sentinel.folder : sentinel.file, link);
      process.kill(running.workerPid(), 'SIGKILL');
      // It serves again, or refuses to: both are right.
      await waitFor(async () => running.child.exitCode !== null || (await serves(running)), 8_000);
    } finally {
      await running.end('SIGKILL');
    }
    const again = await startPostern(['--data', folder]).catch(() => undefined);
    if (again !== undefined) served += 1;
    await again?.[Symbol.asyncDispose]();
    links += 1;
    const after = stateOf(elsewhere.path);
    if (after !== before) faults.push(`the link ${name} was followed:\n${before}\n${after}`);
    progress(
      `a link in the place of ${name}: ${again === undefined ? 'refused' : 'served'}${after === before ? '' : ', FOLLOWED'}`,
    );
    rmSync(join(folder, name), { force: true });
  }
  return { counts: { links, served }, faults };
}

function makeSentinel(folder: string): { readonly file: string; readonly folder: string } {
  const inside = join(folder, 'folder');
  mkdirSync(inside, { mode: 0o700 });
  // Another user's, with its own mode.
  for (const file of [join(folder, 'file'), join(inside, 'audit.jsonl')])
    writeFileSync(file, 'not to be touched\n', { mode: 0o600 });
  chmodSync(folder, 0o755);
  return { file: join(folder, 'file'), folder: inside };
}

/** Owner, mode and contents of everything in a folder. */
function stateOf(folder: string): string {
  const paths = readdirSync(folder, { recursive: true }).map(String).toSorted();
  return paths
    .map((path) => {
      const whole = join(folder, path);
      const { uid, gid, mode } = lstatSync(whole);
      const text = statSync(whole).isFile() ? readFileSync(whole, 'utf8') : '';
      return `${path} ${uid}:${gid} ${mode.toString(8)} ${JSON.stringify(text)}`;
    })
    .join('\n');
}

async function waitFor(check: () => Promise<boolean>, mostMs: number): Promise<void> {
  const end = Date.now() + mostMs;
  while (Date.now() < end && !(await check())) await sleep(100);
}
