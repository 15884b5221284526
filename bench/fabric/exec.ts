/** The wait before each program in a subnet: `postern exec -- true` beside `true`, and the join alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FabricLab, postern } from '../../test/fabric/fabric-lab.ts';
import { putNetwork, subnetAt } from '../../test/fabric/site.ts';
import { until } from '../../test/world/process.ts';
import { quantile } from '../wrk.ts';
import type { Run } from './run.ts';
import { checkout } from './way.ts';

const subnet = 'bench/web';

/** Prints a table of `rounds` rounds, in which the commands take turns. */
export async function exec({ stack, rounds, stop }: Run): Promise<void> {
  const lab = stack.use(await FabricLab.start());
  await putNetwork(lab, 'bench', { space: '10.0.0.0/16', subnets: { web: subnetAt('10.0.0.0/24', 'endpoint') } });
  await lab.up();
  const empty = lab.namespaces().length;
  const timed = {
    true: () => run(['true']),
    'node that does nothing': () => run([process.execPath, '--eval', '0']),
    'postern exec -- true': () => run([postern, 'exec', '--data', lab.dataDir, '--subnet', subnet, '--', 'true']),
    "the join alone, on the reconciler's socket": () => join(lab),
  };
  const taken = new Map(Object.keys(timed).map((name) => [name, [] as number[]]));
  // The first of each fills the caches.
  for (let round = -1; round < rounds; round += 1) {
    stop.throwIfAborted();
    for (const [name, measure] of Object.entries(timed)) {
      const ms = await measure();
      if (round >= 0) taken.get(name)?.push(ms);
      // Its place is taken back beside what comes next, otherwise.
      await until(() => lab.namespaces().length === empty, 'the end of the place');
    }
  }
  const baseMs = quantile(taken.get('true') ?? [], 0.5);
  console.log(`| command, ${rounds} times | p50 ms | p90 ms | p50 over true |\n| --- | --- | --- | --- |`);
  for (const [name, values] of taken) {
    const p50Ms = quantile(values, 0.5);
    const figures = [p50Ms, quantile(values, 0.9), p50Ms - baseMs].map((value) => value.toFixed(1));
    console.log(`| ${name} | ${figures.join(' | ')} |`);
  }
}

async function run([file = '', ...words]: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const child = spawn(file, words, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  const ms = performance.now() - startMs;
  if (status === 0) return ms;
  throw new Error(`${file} ended with ${status}`);
}

async function join(lab: FabricLab): Promise<number> {
  const startMs = performance.now();
  const joined = await lab.join(subnet);
  const ms = performance.now() - startMs;
  joined.end();
  if (joined.ok) return ms;
  throw new Error(`no place in ${subnet}: ${joined.message}`);
}
