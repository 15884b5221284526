/**
 * `npm run bench -- pair ../earlier` compares requests with those of another checkout (`pair.ts`); `touched
 * ../earlier`, `heap ../earlier` and `start 9 ../earlier` measure that checkout instead of this one; `postgres 5` measures
 * servers on PostgreSQL for 5 s a load. `npm run bench`:
 * every bench, one after the other, as Markdown. `bench/README.md` has a run and the machine.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';

const byName = [
  'decide',
  'store',
  'steps',
  'keys',
  'http',
  'deliver',
  'vault',
  'control-plane',
  'program',
  'in-process',
];
/** The words after one of these are its own. */
const withWords = ['start', 'portal', 'fabric', 'audit', 'backup', 'postgres', 'postgres-growth', 'readers'];
/** These compare with another checkout, which must be named. */
const comparing = ['pair', 'touched', 'heap'];

const [first, ...others] = process.argv.slice(2);
const alone = [...withWords, ...comparing].find((name) => name === first);
const chosen = first === undefined ? [] : [first, ...others];
const processor = cpus()[0]?.model ?? 'unknown processor';
const memory = (totalmem() / 2 ** 30).toFixed(0);
console.log(`${processor}, ${availableParallelism()} cores, ${memory} GiB; Node ${process.versions.node}\n`);
const all = [...byName, ...withWords].filter((name) => chosen.length === 0 || chosen.includes(name));
for (const bench of alone === undefined ? all : [alone]) {
  console.log(`## ${bench}\n`);
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', `${import.meta.dirname}/${bench}.ts`, ...(alone === undefined ? [] : others)],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exitCode = 1;
  console.log();
}
