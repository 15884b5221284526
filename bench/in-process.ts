/**
 * The time from `startPostern()` to a server that answers, in a program of its own: the first start, which loads the code,
 * and the median of nine more; the reset; and what eight servers take. Of the package's bundle (run `npm run build` first) and
 * of the sources, one after the other in each round.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const rounds = Number(process.argv[2] ?? 9);
const own = join(import.meta.dirname, '..');
const entries = new Map([
  ['dist', join(own, 'dist/programs/imported.js')],
  ['sources', join(own, 'src/in-process/imported.ts')],
]);

/** Figures of one program: times in milliseconds, memory in MiB. */
interface Figures {
  readonly import: number;
  readonly first: number;
  readonly firstCpu: number;
  readonly further: number;
  readonly furtherCpu: number;
  readonly reset: number;
  readonly eightRss: number;
}

const program = `
  const timed = async (work) => {
    const [at, before] = [performance.now(), process.cpuUsage()];
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    return [result, performance.now() - at, (user + system) / 1000];
  };
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const [{ startPostern }, imported] = await timed(() => import(process.argv[1]));
  const [one, first, firstCpu] = await timed(() => startPostern());
  const furthers = [];
  for (let count = 0; count < 9; count += 1) {
    const [another, ms, cpuMs] = await timed(() => startPostern());
    furthers.push([ms, cpuMs]);
    await another.stop();
  }
  const [, reset] = await timed(() => one.reset());
  const rest = await Promise.all(Array.from({ length: 7 }, () => startPostern()));
  const eightRss = process.memoryUsage.rss() / 2 ** 20;
  for (const each of [one, ...rest]) await each.stop();
  const [further, furtherCpu] = [0, 1].map((index) => median(furthers.map((pair) => pair[index])));
  console.log(JSON.stringify({ import: imported, first, firstCpu, further, furtherCpu, reset, eightRss }));
`;

function run(entry: string): Figures {
  const words = ['--input-type=module', '--eval', program, entry];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Figures;
}

const found = new Map([...entries.keys()].map((name) => [name, [] as Figures[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, entry] of entries) found.get(name)?.push(run(entry));
}

const columns = ['import', 'first', 'firstCpu', 'further', 'furtherCpu', 'reset', 'eightRss'] as const;
console.log(`Medians of ${rounds} programs: ms, and MiB of a program with eight servers.\n`);
console.log('| | import | first start | its CPU | further start | its CPU | reset | RSS with 8 |');
console.log('|---|---|---|---|---|---|---|---|');
for (const [name, figures] of found) {
  const cells = columns.map((column) => {
    const values = figures.map((each) => each[column]).toSorted((a, b) => a - b);
    return (values[Math.floor(values.length / 2)] ?? Number.NaN).toFixed(0);
  });
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}
