/** GET of a secret on loopback, through a handed listener, and through the gateway on another host, in turns. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FabricLab, postern } from '../../test/fabric/fabric-lab.ts';
import { putNetwork, putVault, setRules, subnetAt, subnetId, vault } from '../../test/fabric/site.ts';
import { notRun } from '../../test/not-run.ts';
import { median } from '../wrk.ts';
import { OtherHost } from './other-host.ts';
import type { Run } from './run.ts';
import { client, measureWay } from './way.ts';
import type { Measured, Way } from './way.ts';

const seconds = 2;
const connectionCounts = [1, 32];
/** The fabric's gateway listener, on the wire to the other host. */
const tlsPort = 8444;
/** The server's NAT table makes this of 127.0.0.1. */
const loopbackSeen = '203.0.113.1';
const [handed, remote] = ['bench/handed', 'bench/remote'];

/** The results of a round, by the name of the way. */
type Round = ReadonlyMap<string, Measured>;

/** Prints a table. A round takes twelve seconds. */
export async function requests({ stack, rounds, stop }: Run): Promise<void> {
  const other = await otherHost(stack);
  const tls = other && { listen: `${other.serverAddress}:${tlsPort}` };
  const lab = stack.use(await FabricLab.start(tls === undefined ? {} : { gateways: { tls } }));
  await makeWorld(lab);
  const ways = [await loopback(lab), await throughListener(lab), ...(await throughGateway(lab, other))];
  const [base = '', listener = ''] = ways.map(({ name }) => name);
  console.log(
    `${client.name}, rounds: ${rounds} of ${seconds} s each. Medians; in brackets the range of the rounds.\n`,
  );
  console.log(
    `| GET of a secret | connections | requests/s | p50 ms | p99 ms | beside loopback | beside the listener |`,
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const connections of connectionCounts) {
    const measured = await inTurns(ways, { connections, rounds, stop });
    for (const { name } of ways) {
      const of = (key: keyof Measured, digits: number) =>
        median(measured.map((round) => resultOf(round, name)[key])).toFixed(digits);
      const beside = (reference: string) =>
        name === reference
          ? '1'
          : ratio(measured.map((round) => resultOf(round, name).perSecond / resultOf(round, reference).perSecond));
      const figures = [of('perSecond', 0), of('p50Ms', 2), of('p99Ms', 2), beside(base)];
      console.log(`| ${[name, connections, ...figures, name === base ? '' : beside(listener)].join(' | ')} |`);
    }
  }
}

async function otherHost(stack: AsyncDisposableStack): Promise<OtherHost | undefined> {
  if (spawnSync('haproxy', ['-v']).error !== undefined) {
    notRun('the gateway on another host', 'there is no haproxy on PATH (Debian: apt-get install haproxy)');
    return undefined;
  }
  const other = stack.use(new OtherHost());
  await other.make();
  return other;
}

/** The vault denies whatever is neither on loopback nor in one of the two subnets: an answer proves its way. */
async function makeWorld(lab: FabricLab): Promise<void> {
  await putNetwork(lab, 'bench', {
    space: '10.0.0.0/16',
    subnets: { handed: subnetAt('10.0.0.0/24', 'endpoint'), remote: subnetAt('10.0.1.0/24', 'endpoint') },
  });
  await putVault(lab);
  await setRules(lab, {
    defaultAction: 'Deny',
    bypass: 'None',
    ipRules: [{ value: loopbackSeen }],
    virtualNetworkRules: [handed, remote].map((place) => ({ id: subnetId(lab, place) })),
  });
  await lab.up();
}

async function loopback({ client: { vaultOrigin, token, ca } }: FabricLab): Promise<Way> {
  const { host, port } = new URL(vaultOrigin(vault));
  const asked = { address: '127.0.0.1', port: Number(port), host, ca };
  return { name: 'loopback', enter: [], ...asked, token: await token('vault') };
}

/** A workload of the fabric, which asks for Azure's own name. */
async function throughListener(lab: FabricLab): Promise<Way> {
  const host = `${vault}.vault.azure.net`;
  return {
    name: 'through a handed listener',
    enter: [postern, 'exec', '--data', lab.dataDir, '--subnet', handed, '--'],
    address: host,
    port: 443,
    host,
    ca: readFileSync(join(lab.place.folder, 'fabric-ca.pem'), 'utf8'),
    token: await lab.client.token('https://vault.azure.net'),
  };
}

async function throughGateway(lab: FabricLab, other: OtherHost | undefined): Promise<readonly Way[]> {
  if (other === undefined) return [];
  const plain = await loopback(lab);
  await other.serve({ dataDir: lab.dataDir, subnet: remote, port: plain.port });
  return [{ ...plain, name: 'through a gateway on another host', enter: other.enter, address: other.serverAddress }];
}

/** The ways take turns: each round begins with another one, and none always follows the same one. */
async function inTurns(
  ways: readonly Way[],
  { connections, rounds, stop }: Omit<Run, 'stack'> & { readonly connections: number },
): Promise<readonly Round[]> {
  const measured: Round[] = [];
  // The first round warms everything up.
  for (let round = -1; round < rounds; round += 1) {
    stop.throwIfAborted();
    const first = (round + 1) % ways.length;
    const turned = [...ways.slice(first), ...ways.slice(0, first)];
    if (round % 2 === 0) turned.reverse();
    const results = new Map<string, Measured>();
    for (const way of turned) {
      results.set(way.name, await measureWay(way, { connections, seconds }));
    }
    if (round >= 0) measured.push(results);
  }
  return measured;
}

function resultOf(round: Round, name: string): Measured {
  const result = round.get(name);
  if (result === undefined) throw new Error(`${name} was not measured`);
  return result;
}

function ratio(values: readonly number[]): string {
  const range = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(2)).join(' to ');
  return `${median(values).toFixed(2)} (${range})`;
}
