import {
  spawn,
  spawnSync,
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
} from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asUser, plain, StubFabric } from './stub-fabric.ts';

const isRoot = process.geteuid?.() === 0;
const postern = join(import.meta.dirname, '../../bin/postern');

/** Ways to start a fabric: by root, whose data folder is the worker's, or by an ordinary user. */
export const modes = ['root', 'rootless'] as const;
export type Mode = (typeof modes)[number];

/** An ordinary user, also where root runs the tests. */
export const userUid = isRoot ? 61_346 : (process.geteuid?.() ?? 0);
const workerUid = 61_343;

export interface Ended {
  /** The exit status, or the signal that ended the launcher. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Settings {
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

/** A data folder with a fabric in front of it, and the folder of a developer. */
export class ExecIn implements AsyncDisposable {
  readonly fabric: StubFabric;
  readonly mode: Mode;
  /** Closed to other users, with the data folder and a project in it. */
  readonly home: string;
  readonly data: string;
  readonly project: string;

  private constructor(fabric: StubFabric, mode: Mode, home: string) {
    this.fabric = fabric;
    this.mode = mode;
    this.home = home;
    this.data = join(home, 'project', 'postern-data');
    this.project = join(home, 'project');
  }

  static async start(mode: Mode): Promise<ExecIn> {
    const home = mkdtempSync(join(tmpdir(), 'postern-exec-'));
    const project = join(home, 'project');
    const data = join(project, 'postern-data');
    const owner = mode === 'root' ? 0 : userUid;
    const keeper = mode === 'root' ? workerUid : userUid;
    mkdirSync(data, { recursive: true, mode: 0o700 });
    chmodSync(home, 0o700);
    writeFileSync(join(home, 'key-of-the-developer'), 'closed');
    writeFileSync(join(project, 'app.txt'), 'the application\n', { mode: 0o600 });
    writeFileSync(join(data, 'connection.json'), JSON.stringify(connection(data)), { mode: 0o600 });
    for (const path of [home, join(home, 'key-of-the-developer'), project, join(project, 'app.txt')]) own(path, owner);
    for (const path of [data, join(data, 'connection.json')]) own(path, keeper);
    const fabric = await StubFabric.start({ dataFolder: data, ...(mode === 'rootless' && { uid: userUid }) });
    return new ExecIn(fabric, mode, home);
  }

  /** The command line of `postern exec`. */
  line(command: readonly string[], options: readonly string[] = ['--subnet', 'prod/web']): readonly string[] {
    return [postern, 'exec', '--data', this.data, ...options, '--', ...command];
  }

  start(
    command: readonly string[],
    { options, env = {}, cwd = this.project }: Settings = {},
  ): ChildProcessWithoutNullStreams {
    return this.startLine(this.line(command, options), { env: { ...plain, ...env }, cwd });
  }

  startLine(line: readonly string[], options: SpawnOptionsWithoutStdio): ChildProcessWithoutNullStreams {
    const [name = '', ...rest] = [...(this.mode === 'rootless' ? asUser(userUid) : []), ...line];
    return spawn(name, rest, { env: plain, cwd: this.project, ...options });
  }

  async run(command: readonly string[], settings: Settings = {}): Promise<Ended> {
    const child = this.start(command, settings);
    child.stdin.end(settings.input ?? '');
    return ended(child);
  }

  /** Runs a shell script as a workload, and returns all that it printed. */
  async prints(script: string, settings: Settings = {}): Promise<string> {
    const { stdout, stderr } = await this.run(['sh', '-c', script], settings);
    return stdout + stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fabric[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The end of a process, with all that it printed since it was asked for. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { status: code ?? signal ?? 'nothing', ...output };
}

function own(path: string, uid: number): void {
  if (isRoot) chownSync(path, uid, uid);
}

function connection(data: string): object {
  return {
    home: 'https://localhost:8443',
    vaultSuffix: '.vault.localhost:8443',
    tenantId: 't',
    subscriptionId: 's',
    clientId: 'c',
    clientSecret: 'x',
    caFile: join(data, 'ca.pem'),
    fabricCaFile: join(data, 'fabric-ca.pem'),
    reader: { clientId: 'r', clientSecret: 'y' },
    dataDir: data,
    controlSocket: join(data, 'control', 'sock'),
    address: '127.0.0.1',
    hostsFile: join(data, 'hosts'),
    nat: [],
    identities: [
      { name: 'developer', identityHeader: 'of-the-developer' },
      { name: 'shop', identityHeader: 'of-the-shop', clientId: 'client-of-the-shop' },
    ],
  };
}

/** Why this machine does not allow such a fabric, if it does not. */
export function whyNot(mode: Mode): string | undefined {
  if (mode === 'root' && !isRoot) return 'needs root';
  const able = spawnSync('unshare', ['--user', '--map-root-user', '--mount', '--net', 'ip', 'link'], {
    stdio: 'ignore',
  });
  return able.status === 0 ? undefined : 'needs user namespaces and iproute2';
}
