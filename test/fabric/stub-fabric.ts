import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { controlSocketOf, placeOf, rootFolder, type Place } from '../../src/fabric/place.ts';
import { until } from '../world/process.ts';

/** Without what this machine says of roots, proxies and identities. */
export const plain = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/CERT|_CA_|CAINFO|proxy|^AZURE_|^MSI_|^IDENTITY_/i.test(name)),
);

/** A uid of the pool that the stub offers to root. */
export const poolUid = 61_300;

export interface StubOptions {
  readonly dataFolder: string;
  /** The owner of the data folder, who starts the fabric without root; without it root does. */
  readonly uid?: number;
}

/**
 * The part of the fabric that `postern exec` asks: it makes a namespace with an address and no wire for each workload, and
 * answers on the socket. The namespaces are removed at the end.
 */
export class StubFabric implements AsyncDisposable {
  readonly place: Place;
  readonly requests: Readonly<Record<string, unknown>>[] = [];
  /** The answer to the next request, if it is not a place. */
  refusal: object | undefined;
  /** Happens while the command waits for its place. */
  beforeAnswer: (() => void) | undefined;
  readonly #uid: number | undefined;
  readonly #server: Server;
  readonly #namespaces: string[] = [];
  #anchor: ChildProcess | undefined;

  private constructor(place: Place, uid: number | undefined) {
    this.place = place;
    this.#uid = uid;
    this.#server = createServer((socket) => {
      createInterface(socket).on('line', (line) => socket.write(`${JSON.stringify(this.#answer(line))}\n`));
      socket.on('error', () => undefined);
    });
  }

  static async start({ dataFolder, uid }: StubOptions): Promise<StubFabric> {
    const stub = new StubFabric(placeOf(realpathSync(dataFolder), uid === undefined), uid);
    stub.#makeFolder();
    if (uid !== undefined) stub.#anchor = await startAnchor(uid);
    const path = controlSocketOf(stub.place);
    await once(stub.#server.listen(path), 'listening');
    stub.#give(path, 0o600);
    return stub;
  }

  get anchorPid(): number | undefined {
    return this.#anchor?.pid;
  }

  get namespaces(): readonly string[] {
    return this.#namespaces;
  }

  #makeFolder(): void {
    const { folder } = this.place;
    if (this.#uid === undefined) mkdirSync(rootFolder, { recursive: true, mode: 0o711 });
    for (const [path, mode] of [
      [folder, this.#uid === undefined ? 0o711 : 0o700],
      [join(folder, 'control'), 0o700],
    ] as const) {
      mkdirSync(path, { recursive: true });
      this.#give(path, mode);
    }
    const roots = readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8');
    const files = {
      'roots.pem': `${roots}the authority of the fabric\n`,
      'fabric-ca.pem': 'the authority of the fabric\n',
      hosts: '127.0.0.1 localhost\n',
      'resolv.conf': 'nameserver 168.63.129.16\n',
      'control/state.json': '{"secret":"of the reconciler"}',
    };
    for (const [name, contents] of Object.entries(files)) {
      writeFileSync(join(folder, name), contents);
      this.#give(join(folder, name), name === 'control/state.json' ? 0o600 : 0o644);
    }
  }

  #give(path: string, mode: number): void {
    chmodSync(path, mode);
    if (this.#uid !== undefined) chownSync(path, this.#uid, this.#uid);
  }

  #answer(line: string): object {
    const request = JSON.parse(line) as { readonly join: string; readonly subnet?: string; readonly address?: string };
    this.requests.push(request);
    this.beforeAnswer?.();
    if (this.refusal !== undefined) return this.refusal;
    const namespace = `pt-${this.place.instance}-w${this.#namespaces.length + 1}`;
    const address = request.address ?? '10.0.0.4';
    this.#namespaces.push(namespace);
    this.#ip(['netns', 'add', namespace]);
    this.#ip(['-n', namespace, 'addr', 'add', `${address}/32`, 'dev', 'lo']);
    this.#ip(['-n', namespace, 'link', 'set', 'lo', 'up']);
    return {
      ok: true,
      namespace,
      address,
      place: request.subnet ?? 'internet',
      runFolder: this.place.folder,
      ...(this.#anchor === undefined ? { uid: poolUid } : { anchor: this.#anchor.pid }),
    };
  }

  #ip(parameters: readonly string[]): void {
    const inside = ['-t', String(this.#anchor?.pid), '-U', '-m', '-n', '--preserve-credentials', 'ip'];
    const [command, ...before] = this.#anchor === undefined ? ['ip'] : [...asUser(this.#uid), 'nsenter', ...inside];
    execFileSync(command ?? '', [...before, ...parameters], { stdio: 'pipe' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    if (this.#anchor === undefined) for (const namespace of this.#namespaces) this.#ip(['netns', 'del', namespace]);
    else {
      this.#anchor.kill('SIGKILL');
      await until(() => this.#anchor?.exitCode !== null || this.#anchor.signalCode !== null, 'the anchor ends');
    }
    rmSync(this.place.folder, { recursive: true, force: true });
  }
}

/** The beginning of a command line that runs the rest as that user, where root runs the tests. */
export function asUser(uid: number | undefined): readonly string[] {
  if (uid === undefined || process.geteuid?.() !== 0) return [];
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
}

async function startAnchor(uid: number): Promise<ChildProcess> {
  const script = 'mount -t tmpfs none /run && mkdir /run/netns && echo ready && exec sleep 1000';
  const line = [...asUser(uid), 'unshare', '--user', '--map-root-user', '--mount', '--net', '--', 'sh', '-c', script];
  const [command = '', ...parameters] = line;
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
  await once(child.stdout, 'data');
  return child;
}
