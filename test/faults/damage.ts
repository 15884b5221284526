import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../audit/log-lines.ts';
import { randomOf } from '../fuzz/random.ts';
import type { Random } from '../fuzz/random.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import type { Figures } from './figures.ts';

const secrets = 40;
const sent = { from: '127.0.0.7' };
const seed = 20_261_126;

interface Damage {
  readonly file: string;
  readonly how: string;
  readonly make: (path: string, random: Random) => void;
  /** A start on it must be refused. */
  readonly refuses?: boolean;
}

const flip = (path: string, random: Random): void => {
  const bytes = readFileSync(path);
  for (let left = 1 + random.below(8); left > 0; left -= 1) {
    const at = random.below(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
  }
  writeFileSync(path, bytes);
};

/** A bit in each of the two slots of a mark: a crash may damage one of them. */
const flipMark = (path: string, random: Random): void => {
  const bytes = readFileSync(path);
  for (const slot of [0, bytes.length / 2]) {
    const at = slot + random.below(60);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
  }
  writeFileSync(path, bytes);
};

const damages: readonly Damage[] = [
  { file: 'postern.db', how: 'bits flipped', make: flip },
  {
    file: 'postern.db',
    how: 'a piece filled with other bytes',
    make(path, random) {
      const bytes = readFileSync(path);
      const [at, from] = [random.below(bytes.length - 512), random.below(bytes.length - 512)];
      bytes.copy(bytes, at, from, from + 512);
      writeFileSync(path, bytes);
    },
  },
  { file: 'commit-mark', how: 'bits of both texts flipped', make: flipMark, refuses: true },
  { file: 'postern.db', how: 'cut short', make: (path, random) => truncateSync(path, 4096 * (1 + random.below(5))) },
  { file: 'audit/audit.jsonl', how: 'its last line cut', make: (path) => truncateSync(path, lstatSync(path).size - 7) },
  { file: 'audit/audit.jsonl', how: 'a line torn by hand', make: (path) => appendFileSync(path, '{"time":"2026-') },
];

/**
 * Damages a copy of a stopped server's files in each round. Either it does not start, or what it serves is right, or it
 * says that something cannot be read: it never serves a wrong value. A log that ends in a torn line continues with a
 * whole one.
 */
export async function damagedFiles(rounds: number, progress: (text: string) => void): Promise<Figures> {
  using data = dataFolder();
  const original = join(data.path, 'original');
  await fill(original);
  const faults: string[] = [];
  const counts = { rounds, refused: 0, unreadable: 0, missing: 0, right: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const damage = damages[round % damages.length];
    if (damage === undefined) continue;
    const folder = join(data.path, `copy-${round}`);
    copy(original, folder);
    // In place, so that owner and mode stay.
    damage.make(join(folder, damage.file), randomOf(seed, round));
    const outcome = await serve(folder);
    if (damage.refuses === true && outcome.refused === 0) outcome.faults.push('it was not refused');
    for (const key of ['refused', 'unreadable', 'missing', 'right'] as const) counts[key] += outcome[key];
    faults.push(...outcome.faults.map((fault) => `round ${round}, ${damage.file}, ${damage.how}: ${fault}`));
    progress(
      `${damage.file}, ${damage.how}: ${outcome.refused > 0 ? 'did not start' : `${outcome.right} right, ${outcome.unreadable} unreadable, ${outcome.missing} missing`}`,
    );
  }
  return { counts, faults };
}

async function fill(folder: string): Promise<void> {
  const running = await startPostern(['--data', folder]);
  for (let index = 0; index < secrets; index += 1) {
    await running.client.vault('demo', 'PUT', `/secrets/s${index}`, { ...sent, body: { value: valueOf(index) } });
  }
  await running.end('SIGTERM');
}

function valueOf(index: number): string {
  return `value ${index} `.repeat(1 + (index % 7) * 40);
}

/** With owners and modes, which the server checks. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const path of ['.', ...readdirSync(from, { recursive: true }).map(String)]) {
    const { uid, gid, mode } = lstatSync(join(from, path));
    if (process.getuid?.() === 0) chownSync(join(to, path), uid, gid);
    chmodSync(join(to, path), mode & 0o777);
  }
}

async function serve(folder: string) {
  const outcome = { refused: 0, unreadable: 0, missing: 0, right: 0, faults: [] as string[] };
  const running = await startPostern(['--data', folder]).catch((error: unknown) => String(error));
  if (typeof running === 'string') {
    outcome.refused += 1;
    if (!/postern: .{20}/s.test(running)) outcome.faults.push(`it does not say why it did not start: ${running}`);
    return outcome;
  }
  await readAll(running, outcome);
  await running.end('SIGTERM');
  try {
    linesOf(join(folder, 'audit'));
  } catch (error) {
    if (!running.stderr().includes('unfinished line'))
      outcome.faults.push(`the log is torn, and nobody says so: ${String(error)}`);
  }
  return outcome;
}

async function readAll(
  { client }: RunningPostern,
  outcome: { unreadable: number; missing: number; right: number; readonly faults: string[] },
): Promise<void> {
  for (let index = 0; index < secrets; index += 1) {
    const answer = await client.vault('demo', 'GET', `/secrets/s${index}`, sent).catch(() => undefined);
    if (answer?.status === 200) {
      if (answer.body['value'] === valueOf(index)) outcome.right += 1;
      else outcome.faults.push(`s${index} has a wrong value`);
    } else if (answer?.status === 404) outcome.missing += 1;
    else outcome.unreadable += 1;
  }
}
