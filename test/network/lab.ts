import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Administrator, application } from './administrator.ts';
import { Agent } from './agent.ts';
import { packKit, type Kit } from './kit.ts';
import { Networks, places, vaultAddress, type SubnetName, type VnetName, type WorkloadName } from './namespaces.ts';
import type { ReadyLine } from '../world/process.ts';
import { PosternProcess } from './postern-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const domain = 'postern.test';

/** The ports of the subnets' listeners in their routers. */
export const listenerPorts = { apps: 9001, back: 9002 } as const;

/** The programs of the lab, and the Debian packages that have them. */
const programs = {
  ip: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  unshare: 'util-linux',
  setpriv: 'util-linux',
} as const;

/** The tools that a lab lacks here, with or without root; `undefined` if nothing. */
export function missingForLab(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  const missing = Object.entries(programs).filter(
    ([name]) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
  return `there is no ${missing.map(([name]) => name).join(', ')} on PATH (Debian: apt-get install ${packages})`;
}

export interface AgentOptions {
  /** Whether it sees only the processes of its own PID namespace, as all workloads do by default. */
  readonly ownPids?: boolean;
  readonly uid?: number;
}

interface LabParts {
  readonly folder: string;
  readonly kit: Kit;
  readonly networks: Networks;
  readonly configFile: string;
  readonly dataDir: string;
}

type Workloads = Readonly<Record<WorkloadName, Agent>>;

/**
 * A whole lab in network namespaces: the internet, the vault's host with a real Postern, two virtual networks with the
 * same addresses, and workloads without privileges. Everything is removed when the lab is disposed of, even after a
 * failure.
 */
export class Lab implements AsyncDisposable {
  readonly networks: Networks;
  readonly dataDir: string;
  readonly folder: string;
  readonly kit: Kit;
  readonly #stack: AsyncDisposableStack;
  readonly #configFile: string;
  readonly #undo: (() => void)[] = [];
  #postern: PosternProcess | undefined;
  #ready: ReadyLine | undefined;
  #administrator: Administrator | undefined;
  #workloads: Workloads | undefined;

  private constructor(parts: LabParts, stack: AsyncDisposableStack) {
    this.folder = parts.folder;
    this.kit = parts.kit;
    this.networks = parts.networks;
    this.dataDir = parts.dataDir;
    this.#configFile = parts.configFile;
    this.#stack = stack;
    stack.defer(() => this.#postern?.stop());
  }

  static async make(): Promise<Lab> {
    const stack = new AsyncDisposableStack();
    try {
      const lab = new Lab(await lay(stack), stack);
      lab.#endWithProcess();
      await lab.start();
      await lab.#settle();
      return lab;
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  get postern(): PosternProcess {
    return there(this.#postern);
  }

  get administrator(): Administrator {
    return there(this.#administrator);
  }

  get workloads(): Workloads {
    return there(this.#workloads);
  }

  get ready(): ReadyLine {
    return there(this.#ready);
  }

  /** Starts Postern; `config` is added to its configuration file. */
  async start(config: object = {}): Promise<void> {
    const { clientId, objectId, secret } = application;
    const clients = [{ clientId, objectId, secret, displayName: 'the application' }];
    writeFileSync(this.#configFile, JSON.stringify({ clients, ...config }), { mode: 0o600 });
    const place = ['--listen', vaultAddress, '--port', '443', '--domain', domain, '--data', this.dataDir];
    const parameters = [...place, '--no-demo', '--config', this.#configFile];
    this.#postern = new PosternProcess({ root, namespace: this.networks.of('vault'), parameters });
    this.#ready = await this.#postern.ready;
    copyFileSync(this.#ready.caFile, this.kit.caFile);
    chmodSync(this.kit.caFile, 0o644);
    say('postern is ready');
  }

  /** Stops Postern in order, and starts it again with a larger configuration. Its listeners in routers are gone. */
  async restart(config: object): Promise<void> {
    await this.postern.stop();
    await this.start(config);
  }

  /** Opens the subnet's listener in its router, with the command that an operator would type. */
  openListener(vnet: VnetName, subnet: SubnetName, port: number = listenerPorts[subnet]) {
    const asked = { namespace: this.networks.of(vnet), port, subnet: this.administrator.subnetId(vnet, subnet) };
    return this.postern.openListener(this.dataDir, asked);
  }

  /** Switches a subnet's service endpoint: at the resource manager, and in the router, which forgets open flows. */
  async switchEndpoint(vnet: VnetName, subnet: SubnetName, to: 'on' | 'off'): Promise<void> {
    if (to === 'off') await this.networks.unredirect(vnet, subnet);
    await this.administrator.putSubnet(vnet, subnet, to);
    if (to === 'on') await this.networks.redirect(vnet, subnet, listenerPorts[subnet]);
    await this.networks.forgetFlows(vnet, subnet);
  }

  /** One more process in the place of a workload. It ends with the lab at the latest. */
  async startAgent(workload: WorkloadName, { ownPids = true, uid = places[workload].uid }: AgentOptions = {}) {
    return this.#stack.use(await this.#startIn(this.networks.of(workload), { ownPids, uid }));
  }

  /** Work to do when the lab ends, before its networks are removed. */
  defer(undo: () => void): void {
    this.#undo.push(undo);
    this.#stack.defer(undo);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** A process that is ended in the middle waits for nothing: what must not outlive it is ended immediately. */
  #endWithProcess(): void {
    // oxlint-disable-next-line unicorn/no-process-exit -- who catches a signal must end the process
    const leave = () => process.exit(1);
    const abandon = () => {
      this.#postern?.abandon();
      for (const undo of this.#undo) undo();
      this.networks.remove();
      rmSync(this.folder, { recursive: true, force: true });
    };
    process.once('exit', abandon).once('SIGINT', leave).once('SIGTERM', leave);
    this.#stack.defer(() => void process.off('exit', abandon).off('SIGINT', leave).off('SIGTERM', leave));
  }

  /** The administrator's resources, the subnets' listeners, and workloads in their places. */
  async #settle(): Promise<void> {
    // Any uid: the administrator's power is in the token.
    const desk = this.#stack.use(await this.#startIn(this.networks.of('internet'), { uid: 61_100 }));
    this.#administrator = new Administrator(desk, this.ready);
    // Both run to their end, even if one fails: nothing may start after the lab is disposed of.
    const [world, workloads] = await Promise.allSettled([this.#makeWorld(), this.#startWorkloads()]);
    if (world.status === 'rejected') throw world.reason;
    if (workloads.status === 'rejected') throw workloads.reason;
    this.#workloads = workloads.value;
    say('the workloads are in their places');
  }

  async #makeWorld(): Promise<void> {
    await this.administrator.makeWorld();
    for (const vnet of ['blue', 'green'] as const) await this.#connect(vnet, 'apps');
    await this.#connect('blue', 'back');
  }

  async #connect(vnet: VnetName, subnet: SubnetName): Promise<void> {
    await this.openListener(vnet, subnet);
    await this.networks.redirect(vnet, subnet, listenerPorts[subnet]);
  }

  async #startWorkloads(): Promise<Workloads> {
    const { tenantId } = this.ready;
    const start = async (name: WorkloadName) => {
      const agent = await this.startAgent(name);
      const { clientId, secret: clientSecret } = application;
      await agent.use({ tenantId, clientId, clientSecret, authorityHost: `https://${domain}` });
      return agent;
    };
    const [blueApp, blueNeighbour, blueBack, greenApp] = await Promise.all([
      start('blueApp'),
      start('blueNeighbour'),
      start('blueBack'),
      start('greenApp'),
    ]);
    return { blueApp, blueNeighbour, blueBack, greenApp };
  }

  #startIn(namespace: string, { ownPids = true, uid }: AgentOptions): Promise<Agent> {
    const { node, program, hostsFile, caFile } = this.kit;
    const separate = ['unshare', '--mount', ...(ownPids ? ['--pid', '--fork', '--mount-proc'] : [])];
    const withNames = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hostsFile];
    const workload = [...withoutPrivileges(uid), node, program];
    const command = ['ip', 'netns', 'exec', namespace, ...separate, ...withNames, ...workload];
    return Agent.start({ command, environment: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: caFile } });
  }
}

/** The base of the lab: its folder, what workloads need, and the networks. */
async function lay(stack: AsyncDisposableStack): Promise<LabParts> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-lab-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  // Every workload must be able to reach the kit.
  chmodSync(folder, 0o755);
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const networks = stack.use(new Networks(`pt${randomBytes(3).toString('hex')}`));
  const names = [domain, `vault.${domain}`, `gate.vault.${domain}`].join(' ');
  const hosts = `127.0.0.1 localhost\n${vaultAddress} ${names}\n`;
  const [kit] = await Promise.all([packKit({ folder: join(folder, 'kit'), root, hosts }), networks.make()]);
  say('the networks are up');
  return { folder, kit, networks, configFile: join(closed, 'config.json'), dataDir: join(folder, 'data') };
}

/** A user namespace with one uid cannot give each workload its own, and has no capabilities to drop. */
function withoutPrivileges(uid: number | undefined): readonly string[] {
  const own = process.geteuid?.() === 0 ? [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] : [];
  const sets = ['--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all'];
  return ['setpriv', ...own, ...sets, '--no-new-privs'];
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the lab is not ready yet');
  return part;
}

function say(what: string): void {
  process.stderr.write(`lab: ${what}\n`);
}
