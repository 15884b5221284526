/**
 * `npm run bench -- pair ../earlier` compares requests with those of another checkout (`pair.ts`).
 * `npm run bench`: every bench, one after the other, as Markdown. `bench/README.md` holds a run and the machine.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';

const benches = ['decide', 'store', 'steps', 'keys', 'http', 'vault', 'control-plane', 'start'];
const [first, ...others] = process.argv.slice(2);
// Its words are not names of benches.
const pairing = first === 'pair';
const chosen = first === undefined || pairing ? [] : [first, ...others];
const processor = cpus()[0]?.model ?? 'unknown processor';
const memory = (totalmem() / 2 ** 30).toFixed(0);
console.log(`${processor}, ${availableParallelism()} cores, ${memory} GiB; Node ${process.versions.node}\n`);
for (const bench of pairing ? ['pair'] : benches.filter((name) => chosen.length === 0 || chosen.includes(name))) {
  console.log(`## ${bench}\n`);
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', `${import.meta.dirname}/${bench}.ts`, ...(pairing ? others : [])],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exitCode = 1;
  console.log();
}
