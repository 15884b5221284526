import { spawn, type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { FabricFailed, messageOf } from './failed.ts';

/** The programs of the fabric, and the Debian packages that have them. */
const packages = {
  ip: 'iproute2',
  ss: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
} as const;

/** Where the programs usually are; a user's PATH may not lead to all of these folders. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const timeoutMs = 30_000;
/** The interfaces and routes of a namespace with ten thousand workloads. */
const outputMax = 64 * 1024 * 1024;

export interface Ran {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** The environment of the fabric's own programs: nothing of the caller's but where programs are. */
export function programEnvironment(path = ''): Readonly<Record<string, string>> {
  // A relative folder would lead into the working directory, which another user may own.
  const own = path.split(':').filter((folder) => folder.startsWith('/'));
  return { LC_ALL: 'C', PATH: [systemPath, ...own].join(':') };
}

/** @throws {FabricFailed} when a program is missing; it names the packages. */
export function requirePrograms({ PATH: path = '' }: Readonly<Record<string, string>>): void {
  const folders = path.split(':');
  const missing = Object.entries(packages).filter(([name]) => !folders.some((folder) => isProgram(join(folder, name))));
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(', ');
  const wanted = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new FabricFailed(`There is no ${names} on this machine.`, `Install it: sudo apt-get install ${wanted}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface MachineOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** The process that has the user namespace and the names of `ip netns`; `undefined` where root has them. */
  readonly anchor: number | undefined;
}

/** Runs the programs that make and change networks, in the namespaces of the fabric only. */
export class Machine {
  readonly anchor: number | undefined;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #enter: readonly string[];

  constructor({ environment, anchor }: MachineOptions) {
    this.anchor = anchor;
    this.#environment = environment;
    this.#enter =
      anchor === undefined ? [] : ['nsenter', '-t', String(anchor), '-U', '-m', '-n', '--preserve-credentials'];
  }

  /** The folder with the names of `ip netns`, seen from this process. */
  get namesFolder(): string {
    return this.anchor === undefined ? '/run/netns' : join(`/proc/${this.anchor}`, 'root', 'run', 'netns');
  }

  /**
   * Runs lines of `ip -batch`, inside a namespace or where the names of namespaces are.
   * @throws {FabricFailed} with the line that failed; the lines before it are done
   */
  async ip(lines: readonly string[], namespace?: string): Promise<void> {
    if (lines.length > 0) await this.#batch(namespace === undefined ? [] : ['-n', namespace], lines);
  }

  /** The same for lines that print something: JSON, a line each. */
  show(lines: readonly string[], namespace: string): Promise<string> {
    return this.#batch(['-json', '-n', namespace], lines);
  }

  async #batch(where: readonly string[], lines: readonly string[]): Promise<string> {
    const { status, output, errors } = await this.#run(['ip', ...where, '-batch', '-'], `${lines.join('\n')}\n`);
    if (status === 0) return output;
    const failed = lines[Number(/Command failed -:(\d+)/.exec(errors)?.[1]) - 1];
    throw failure(`ip ${[...where, failed ?? '-batch'].join(' ')}`, errors);
  }

  /**
   * Runs a program inside a namespace.
   * @throws {FabricFailed} when it fails
   */
  async done(namespace: string, command: readonly string[]): Promise<void> {
    const { status, errors } = await this.inside(namespace, command);
    if (status !== 0) throw failure(`${command[0]} in ${namespace}`, errors);
  }

  /** Loads rules into a namespace: all of them, or none. */
  async nft(namespace: string, rules: string): Promise<void> {
    const { status, errors } = await this.inside(namespace, ['nft', '-f', '-'], rules);
    if (status !== 0) throw failure(`nft in ${namespace}`, errors);
  }

  /** Runs a program inside a namespace. Its exit status is for the caller to judge. */
  inside(namespace: string, command: readonly string[], input = ''): Promise<Ran> {
    return this.#run(['nsenter', `--net=/run/netns/${namespace}`, ...command], input);
  }

  /** Runs a program where the names of namespaces are. */
  outside(command: readonly string[]): Promise<Ran> {
    return this.#run(command, '');
  }

  #run(command: readonly string[], input: string): Promise<Ran> {
    return run([...this.#enter, ...command], { environment: this.#environment, input });
  }
}

interface RunOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
}

async function run([name = '', ...parameters]: readonly string[], { environment, input }: RunOptions): Promise<Ran> {
  // A session of its own: Ctrl-C is for the command line, and must not end a change in the middle.
  const child = await started(name, parameters, { env: environment, cwd: '/', stdio: 'pipe', detached: true });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let [output, errors, isTooLong] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    isTooLong ||= output.length + chunk.length > outputMax;
    if (isTooLong) child.kill('SIGKILL');
    else output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors = (errors + chunk).slice(0, 4096)));
  // A program that ended before it has read everything says why on its standard error.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      // A part of it would be taken for all that there is.
      const killed = isTooLong
        ? `it printed more than ${outputMax} bytes`
        : `it did not end within ${timeoutMs / 1000} s`;
      const ended = signal === 'SIGKILL' ? killed : `it ended by ${signal}`;
      resolve({
        status: isTooLong ? 128 : (code ?? 128),
        output,
        errors: signal === null ? errors : `${errors} ${ended}`,
      });
    });
  });
}

/**
 * Starts a program. Where this process has no descriptor left, the child has no streams and tells it by an event alone.
 * @throws {FabricFailed} when it cannot be started
 */
export async function started(
  name: string,
  parameters: readonly string[],
  options: SpawnOptionsWithoutStdio,
): Promise<ChildProcessWithoutNullStreams> {
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(name, parameters, options);
  } catch (error) {
    throw unstarted(name, error);
  }
  if (child.pid !== undefined) return child;
  const error = await new Promise((resolve) => {
    child.once('error', resolve);
  });
  throw unstarted(name, error);
}

function unstarted(name: string, error: unknown): FabricFailed {
  return failure(`The start of ${name}`, messageOf(error));
}

/** The hints for errors of the programs. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /unshare.*No space left on device/s,
    'The machine has no room for more namespaces: sudo sysctl -w user.max_user_namespaces=15000 user.max_net_namespaces=15000 user.max_mnt_namespaces=15000',
  ],
  [
    /No space left on device/,
    'The machine has no room for more network namespaces: sudo sysctl -w user.max_net_namespaces=65536',
  ],
  [/Too many open files|EMFILE/, 'Raise the limit of open files: ulimit -n 65536'],
  [/ENFILE/, 'The machine has too many open files: sudo sysctl -w fs.file-max=1000000'],
  [
    /EAGAIN|Resource temporarily unavailable|Cannot fork/,
    'Raise the limit of processes of this user (ulimit -u), or end some of them.',
  ],
  [/ENOMEM|Cannot allocate memory/, 'The machine has too little memory: end other programs.'],
  [/did not end within/, 'The machine is very busy: it is tried again, or try it again yourself.'],
  [/was not ready within/, 'The machine is very busy, or this user may start too few processes (ulimit -u).'],
  [
    /Operation not supported|Protocol not supported|No such file or directory.*(?:table|chain|rule)/s,
    'The kernel lacks nftables, connection tracking or veth: load nf_tables, nf_conntrack, nft_ct, nft_connlimit, nft_nat, nft_redir and veth.',
  ],
  [
    /Operation not permitted/,
    'Run it as root, or as the user who started the server; "postern doctor" says what this machine allows.',
  ],
];

export function failure(what: string, errors: string): FabricFailed {
  const said = errors.trim().split('\n').slice(0, 3).join('; ');
  return new FabricFailed(`${what} failed: ${said}`, remedies.find(([pattern]) => pattern.test(said))?.[1]);
}
