/** How long the networks take to come up, to take in all their workloads at once, and to go down: one of each, and many. */
import { FabricLab } from '../../test/fabric/fabric-lab.ts';
import { putNetwork, subnetAt } from '../../test/fabric/site.ts';
import { median } from '../wrk.ts';
import type { Run } from './run.ts';

interface Size {
  readonly networks: number;
  /** In each network. */
  readonly subnets: number;
  /** In each subnet. */
  readonly workloads: number;
}

const sizes: readonly Size[] = [
  { networks: 1, subnets: 1, workloads: 1 },
  { networks: 5, subnets: 10, workloads: 2 },
];

interface Life {
  readonly up: number;
  readonly joins: number;
  readonly down: number;
}

/** Prints a table; the sizes take turns, each on a server of its own. */
export async function many({ stack, rounds, stop }: Run): Promise<void> {
  const labs: { readonly size: Size; readonly lab: FabricLab; readonly lives: Life[] }[] = [];
  for (const size of sizes) {
    const lab = stack.use(await FabricLab.start());
    await makeNetworks(lab, size);
    labs.push({ size, lab, lives: [] });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { size, lab, lives } of labs) {
      stop.throwIfAborted();
      lives.push(await live(lab, size));
    }
  }
  console.log(`| median of ${rounds} | net up, s | joins at once, s | both, s | net down, s |`);
  console.log('| --- | --- | --- | --- | --- |');
  for (const { size, lives } of labs) {
    const of = (part: (life: Life) => number) => median(lives.map(part)).toFixed(2);
    const figures = [of(({ up }) => up), of(({ joins }) => joins), of(({ up, joins }) => up + joins)];
    console.log(`| ${[describe(size), ...figures, of(({ down }) => down)].join(' | ')} |`);
  }
}

async function makeNetworks(lab: FabricLab, { networks, subnets }: Size): Promise<void> {
  for (let network = 0; network < networks; network += 1) {
    const all: Record<string, object> = {};
    for (let index = 0; index < subnets; index += 1) all[`s${index}`] = subnetAt(`10.0.${index}.0/24`, 'endpoint');
    await putNetwork(lab, `n${network}`, { space: '10.0.0.0/16', subnets: all });
  }
}

async function live(lab: FabricLab, size: Size): Promise<Life> {
  const up = await secondsOf(() => lab.up());
  const joins = await secondsOf(async () => {
    const joined = await Promise.all(placesOf(size).map((place) => lab.join(place)));
    const refused = joined.find(({ ok }) => !ok);
    if (refused !== undefined) throw new Error(`a workload was refused: ${refused.message}`);
  });
  const down = await secondsOf(async () => {
    const { exitStatus, output } = await lab.net('down');
    if (exitStatus !== 0) throw new Error(output);
  });
  const left = lab.namespaces();
  if (left.length > 0) throw new Error(`"net down" left ${left.join(', ')}`);
  return { up, joins, down };
}

/** The subnet of each workload. */
function placesOf({ networks, subnets, workloads }: Size): readonly string[] {
  const places = Array.from(
    { length: networks * subnets },
    (_, index) => `n${index % networks}/s${Math.floor(index / networks)}`,
  );
  return places.flatMap((place) => Array.from({ length: workloads }, () => place));
}

function describe({ networks, subnets, workloads }: Size): string {
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const all = networks * subnets;
  return `${counted(networks, 'network')}, ${counted(all, 'subnet')}, ${counted(all * workloads, 'workload')}`;
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
