import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { formatIpv4, parseIpv4 } from '../../src/address/address.ts';
import { metadataPort, allocate, emptyAllocation, vaultPort, type Allocation } from '../../src/fabric/allocation.ts';
import { findCommands, foundThings } from '../../src/fabric/found-things.ts';
import type { FlowLimits } from '../../src/fabric/flow-limits.ts';
import { internetRules } from '../../src/fabric/internet-rules.ts';
import { linkChanges, namespaceSysctls, type Batches } from '../../src/fabric/link-changes.ts';
import { thingsOf } from '../../src/fabric/links.ts';
import { namespaceNames } from '../../src/fabric/naming.ts';
import { plan, type Plan } from '../../src/fabric/plan.ts';
import { routerRules } from '../../src/fabric/router-rules.ts';
import type { FabricState } from '../../src/fabric/state.ts';
import type { NamespaceThings, Things } from '../../src/fabric/things.ts';
import { guidOf } from './states.ts';
import type { Protocol, StationCommand } from './station.ts';

const stationFile = fileURLToPath(new URL('station.ts', import.meta.url));
const workloadPorts = [53, 80, 90, 91, 443, 8080];
const serviceAddresses = ['192.0.2.10', '192.0.2.20', '192.0.2.30', '192.0.2.40'];

/** The machines of a lab: workloads as `NETWORK/SUBNET ADDRESS`, and hosts on the internet as `internet ADDRESS`. */
export type Machines = readonly string[];

/** A plan in real namespaces, with a process in each of them. */
export class PlanLab implements AsyncDisposable {
  readonly instance = randomBytes(3).toString('hex');
  readonly names = namespaceNames(this.instance);
  readonly #stations = new Map<string, Station>();
  #allocation: Allocation = emptyAllocation;
  #things: Things = new Map();
  #plan: Plan | undefined;
  #machines: Machines = [];

  /** Leads the namespaces from what they are to the plan of this state. */
  apply(state: FabricState, machines: Machines, limits?: FlowLimits): Plan {
    this.#allocation = allocate(this.#allocation, state);
    const placed = machines.map((machine, index) => ({ number: index + 1, ...placeOf(machine) }));
    const workloads = placed.filter(({ incarnation }) => incarnation !== '');
    const hosts = placed.filter(({ incarnation }) => incarnation === '');
    const next = plan({ state, allocation: this.#allocation, workloads, hosts });
    const things = thingsOf(next, this.instance);
    const { add, remove, removals, wires, settings } = linkChanges(this.#things, things);
    const inEach = (batches: Batches): void => {
      for (const [name, lines] of batches) run(['ip', '-n', name, '-batch', '-'], `${lines.join('\n')}\n`);
    };
    for (const step of removals) inEach(step);
    run(['ip', '-batch', '-'], add.map((name) => `netns add ${name}\n`).join(''));
    const sysctls = Object.entries(namespaceSysctls).map(([key, value]) => `${key}=${value}`);
    for (const name of add) run(['nsenter', `--net=/run/netns/${name}`, 'sysctl', '-qw', ...sysctls]);
    run(['ip', '-batch', '-'], wires.map((line) => `${line}\n`).join(''));
    inEach(settings);
    run(['ip', '-batch', '-'], remove.map((name) => `netns delete ${name}\n`).join(''));
    for (const router of next.routers) this.nft(this.names.router(router.number), routerRules(router, limits));
    this.nft(this.names.internet, internetRules(next.internet, limits));
    this.#things = things;
    this.#plan = next;
    this.#machines = machines;
    return next;
  }

  nft(namespace: string, script: string): string {
    return run(['nsenter', `--net=/run/netns/${namespace}`, 'nft', '-f', '-'], script);
  }

  inside(namespace: string, ...command: readonly string[]): string {
    return run(['nsenter', `--net=/run/netns/${namespace}`, ...command]);
  }

  /** The namespace of a machine. */
  workload(machine: string): string {
    return this.names.workload(this.#machines.indexOf(machine) + 1);
  }

  /** The router of the network with this name. */
  router(name: string): string {
    const router = this.#plan?.routers.find((each) => each.name === name);
    if (router === undefined) throw new Error(`no network ${name}`);
    return this.names.router(router.number);
  }

  /** The things that really exist, as `ip` tells it. */
  found(): Things {
    const things = new Map<string, NamespaceThings>();
    for (const name of this.#things.keys()) {
      const printed = run(['ip', '-json', '-n', name, '-batch', '-'], `${findCommands.join('\n')}\n`);
      const router = /-v(\d+)$/.exec(name)?.[1];
      things.set(name, foundThings(printed, router === undefined ? undefined : Number(router)));
    }
    return things;
  }

  wanted(): Things {
    return this.#things;
  }

  /** Starts a process in every namespace; those of services and listeners answer there. */
  async start(): Promise<void> {
    const started = [
      this.#start('internet', this.names.internet, { addresses: serviceAddresses, ports: [443, 80] }),
      ...(this.#plan?.routers ?? []).map(({ name, number, subnets }) => {
        const ports = subnets.flatMap(({ group }) => [vaultPort(group), metadataPort(group)]);
        return this.#start(`router ${name}`, this.names.router(number), { addresses: ['0.0.0.0'], ports });
      }),
      ...this.#machines.map((machine, index) => {
        const { address } = placeOf(machine);
        const server = { addresses: [formatIpv4(address)], ports: workloadPorts };
        return this.#start(machine, this.names.workload(index + 1), server);
      }),
    ];
    await Promise.all(started);
    await this.tell('internet', { kind: 'listen', address: '168.63.129.16', ports: [53] });
  }

  async #start(machine: string, namespace: string, served: Served): Promise<void> {
    const station = new Station(machine, namespace);
    this.#stations.set(machine, station);
    for (const address of served.addresses) await station.tell({ kind: 'listen', address, ports: served.ports });
  }

  tell(machine: string, command: StationCommand): Promise<string> {
    const station = this.#stations.get(machine);
    if (station === undefined) throw new Error(`no machine ${machine}`);
    return station.tell(command);
  }

  /** A machine's answer from `ADDRESS:PORT`: `MACHINE sees ADDRESS`, `nothing`, or the code of an error. */
  ask(machine: string, protocol: Protocol, target: string, from?: string): Promise<string> {
    const [to = '', port] = target.split(':');
    const asked = { kind: 'ask', protocol, to, port: Number(port) } as const;
    return this.tell(machine, from === undefined ? asked : { ...asked, from });
  }

  /** The packets that a named counter of a network's router has counted. */
  counted(network: string, counter: string): number {
    const listed = this.inside(this.router(network), 'nft', 'list', 'counter', 'inet', 'fabric', counter);
    return Number(/packets (\d+)/.exec(listed)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#stations.values()].map((station) => station.end()));
    for (const name of this.#things.keys()) spawnSync('ip', ['netns', 'delete', name]);
  }
}

interface Served {
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}

class Station {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #next = 1;

  constructor(machine: string, namespace: string) {
    this.#child = fork(stationFile, [machine], {
      execPath: 'nsenter',
      execArgv: [`--net=/run/netns/${namespace}`, process.execPath],
    });
    this.#child.on('message', ({ id, answer }: { readonly id: number; readonly answer: string }) => {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    });
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the station has ended'));
    });
  }

  tell(command: StationCommand): Promise<string> {
    const id = this.#next;
    this.#next += 1;
    const answer = Promise.withResolvers<string>();
    this.#waiting.set(id, answer);
    this.#child.send({ id, command });
    return answer.promise;
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.removeAllListeners('exit');
      this.#child.once('exit', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }
}

function placeOf(machine: string): { readonly incarnation: string; readonly address: number } {
  const [subnet = '', address = ''] = machine.split(' ');
  return { incarnation: subnet === 'internet' ? '' : guidOf(subnet), address: parseIpv4(address) ?? 0 };
}

function run([program = '', ...words]: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { input, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr}\n${input}`);
}

/** Why a lab cannot be made here. */
export function missingForPlanLab(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need root';
  const missing = ['ip', 'nft', 'nsenter', 'sysctl'].find(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  return missing === undefined ? undefined : `there is no ${missing} on PATH`;
}
