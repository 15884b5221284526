import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askFabric } from '../../src/fabric/ask.ts';
import { placeOf, type Place } from '../../src/fabric/place.ts';
import type { Client } from '../world/client.ts';
import { whenEndedBySignal } from '../world/ended-by-signal.ts';
import { startPostern, until, type RunningPostern } from '../world/process.ts';

export const postern = join(import.meta.dirname, '../../bin/postern');
const exec = promisify(execFile);

const location = 'westeurope';
const group = '/resourceGroups/rg';
export const vault = 'locker';

/** The status that `postern net status --json` prints. */
export interface Status {
  readonly running: boolean;
  readonly pid: number;
  readonly hasServer: boolean;
  readonly networks: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly subnets: readonly {
      readonly name: string;
      readonly workloads: readonly { readonly pid: number; readonly address: string; readonly namespace: string }[];
    }[];
  }[];
  readonly stranded: readonly { readonly subnet: string; readonly address: string; readonly pid: number }[];
  readonly problems: readonly string[];
}

export interface Joined {
  readonly ok: boolean;
  readonly namespace: string;
  readonly address: string;
  /** The process that has the namespaces of an ordinary user. */
  readonly anchor?: number;
  /** For a workload of root. */
  readonly uid?: number;
  readonly message?: string;
}

export interface Subnet {
  readonly prefix: string;
  readonly endpoint: boolean;
}

/** A server with its fabric. Everything is removed with it, whatever became of the two. */
export class FabricLab implements AsyncDisposable {
  readonly dataDir: string;
  readonly #options: readonly string[];
  readonly #folder: string;
  readonly #workloads: ChildProcess[] = [];
  readonly #guard: Disposable;
  #server: RunningPostern | undefined;

  private constructor(folder: string, config: object) {
    this.#folder = folder;
    this.dataDir = join(folder, 'data');
    const configFile = join(folder, 'postern.json');
    writeFileSync(configFile, JSON.stringify(config));
    this.#options = ['--data', this.dataDir, '--no-demo', '--config', configFile];
    this.#guard = whenEndedBySignal(() => void spawnSync(postern, ['net', 'down', '--data', this.dataDir]));
  }

  /** Starts a server, with the contents of a configuration file, and makes a resource group. */
  static async start(config: object = {}): Promise<FabricLab> {
    const lab = new FabricLab(mkdtempSync(join(tmpdir(), 'postern-fabric-')), config);
    await lab.startServer();
    await lab.arm('PUT', group, { location });
    return lab;
  }

  get server(): RunningPostern {
    assert.ok(this.#server);
    return this.#server;
  }

  get client(): Client {
    return this.server.client;
  }

  get place(): Place {
    return placeOf(this.dataDir, process.geteuid?.() === 0);
  }

  async startServer(): Promise<void> {
    this.#server = await startPostern(this.#options);
  }

  /** A request to the resource manager that must succeed. */
  async arm(method: string, path: string, body?: object): Promise<void> {
    const { status, body: answer } = await this.client.arm(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  }

  putNetwork(name: string, subnets: Readonly<Record<string, Subnet>>): Promise<void> {
    return this.arm('PUT', networkPath(name), {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: Object.entries(subnets).map(([subnet, asked]) => ({ name: subnet, ...subnetBody(asked) })),
      },
    });
  }

  putSubnet(network: string, subnet: string, asked: Subnet): Promise<void> {
    return this.arm('PUT', `${networkPath(network)}/subnets/${subnet}`, subnetBody(asked));
  }

  /** A vault that denies all but these subnets, and has no objects. */
  putVault(subnets: readonly string[]): Promise<void> {
    const { tenantId, subscriptionId, objectId } = this.server.ready;
    const of = (subnet: string): string => {
      const [network = '', name = ''] = subnet.split('/');
      return `/subscriptions/${subscriptionId}${networkPath(network)}/subnets/${name}`;
    };
    return this.arm('PUT', `${group}/providers/Microsoft.KeyVault/vaults/${vault}`, {
      location,
      properties: {
        tenantId,
        sku: { family: 'A', name: 'standard' },
        accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['get', 'list'] } }],
        networkAcls: {
          defaultAction: 'Deny',
          bypass: 'None',
          ipRules: [],
          virtualNetworkRules: subnets.map((subnet) => ({ id: of(subnet) })),
        },
      },
    });
  }

  /** Runs `postern net …`. */
  async net(...words: readonly string[]): Promise<{ readonly exitStatus: number; readonly output: string }> {
    const parameters = ['net', ...words, '--data', this.dataDir];
    try {
      const { stdout, stderr } = await exec(postern, parameters);
      return { exitStatus: 0, output: stdout + stderr };
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error);
      return { exitStatus: Number(error.code), output: `${String(error.stdout)}${String(error.stderr)}` };
    }
  }

  /** Builds the networks in the background. */
  async up(): Promise<void> {
    const { exitStatus, output } = await this.net('up', '--detach');
    assert.equal(exitStatus, 0, output);
  }

  async status(): Promise<Status> {
    const { output } = await this.net('status', '--json');
    return JSON.parse(output) as Status;
  }

  /** Kills the reconciler, as a machine without memory would. */
  async kill(): Promise<void> {
    const { pid } = await this.status();
    process.kill(pid, 'SIGKILL');
    await until(() => !existsSync(`/proc/${pid}`), 'the end of the reconciler');
  }

  /** A place for a process that does nothing, until it is ended. */
  async join(
    subnet: string,
    address?: string,
    identityHeader?: string,
  ): Promise<Joined & { readonly end: () => void }> {
    const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
    this.#workloads.push(sleeper);
    const answer = await askFabric(this.place, { join: 'subnet', subnet, address, identityHeader, pid: sleeper.pid });
    return { ...(answer as unknown as Joined), end: () => void sleeper.kill('SIGKILL') };
  }

  /** The names of the namespaces that this fabric has on the machine. */
  namespaces(): readonly string[] {
    const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
    return names.filter((name) => name.startsWith(`pt-${this.place.instance}-`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const workload of this.#workloads) workload.kill('SIGKILL');
    await this.net('down');
    await this.#server?.[Symbol.asyncDispose]();
    this.#guard[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function networkPath(name: string): string {
  return `${group}/providers/Microsoft.Network/virtualNetworks/${name}`;
}

function subnetBody({ prefix, endpoint }: Subnet): object {
  return {
    properties: {
      addressPrefix: prefix,
      serviceEndpoints: endpoint ? [{ service: 'Microsoft.KeyVault' }] : [],
    },
  };
}

/** The processes of this machine whose command line has this word. */
export function processesWith(word: string): readonly string[] {
  const { stdout } = spawnSync('ps', ['-e', '-o', 'args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.split(' ').includes(word));
}
