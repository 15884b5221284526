/** The package as a user has it: packed from the sources as they are now, and installed without a network. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keptVariable } from '../../tools/kept.ts';
import { notRun } from '../not-run.ts';
import { readTree } from '../house/tree.ts';
import { until } from '../world/process.ts';
import type { ReadyLine } from '../world/process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const path = process.env['PATH'] ?? '';
/** An account that owns nothing, where root runs the tests. */
const stranger = 61_044;

/** The newest of the oldest line that `engines` allows. */
export const oldestNode = '24.21.0';

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node that a user may have on PATH. */
export interface NodeOnPath {
  readonly version: string;
  /** The folder with it, for PATH. */
  readonly folder: string;
}

/** A project of an ordinary user that has the package, and nothing else. */
export class Installation implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-package-'));
  readonly project = join(this.folder, 'project');
  readonly archive: string;

  private constructor(archive: string) {
    this.archive = archive;
  }

  static async make(): Promise<Installation> {
    const made = new Installation(await packedOnce());
    chmodSync(made.folder, 0o755);
    mkdirSync(made.project);
    writeFileSync(join(made.project, 'package.json'), '{ "private": true }\n');
    for (const each of [made.folder, made.project, join(made.project, 'package.json')]) made.give(each);
    return made;
  }

  /** Makes the user the owner. */
  give(file: string): void {
    if (process.geteuid?.() === 0) chownSync(file, stranger, stranger);
  }

  /** The words before a command that the user types: no rights of root, and no variables but these. */
  as(node: NodeOnPath, variables: Readonly<Record<string, string>> = {}): readonly [string, ...string[]] {
    const given = { PATH: `${node.folder}${delimiter}${systemPath}`, HOME: this.folder, ...variables };
    const set = Object.entries(given).map(([name, value]) => `${name}=${value}`);
    const user = ['setpriv', `--reuid=${stranger}`, `--regid=${stranger}`, '--clear-groups', '--'];
    return ['env', '-i', `--chdir=${this.project}`, ...set, ...(process.geteuid?.() === 0 ? user : [])];
  }

  /** Runs a command of the user. */
  run(
    node: NodeOnPath,
    command: readonly string[],
    variables: Readonly<Record<string, string>> = { NODE_DISABLE_COMPILE_CACHE: '1' },
  ): Answer {
    const [program, ...words] = [...this.as(node, variables), ...command];
    const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** Starts the server as the user types it, and waits until it is ready. */
  async serve(node: NodeOnPath, command: readonly string[]): Promise<AsyncDisposable & { readonly ready: ReadyLine }> {
    const [program, ...words] = [...this.as(node), ...command];
    // A group of its own: a signal to npx alone may leave the server behind.
    const child = spawn(program, words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'exit');
    const errors: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    for await (const line of createInterface(child.stdout)) {
      const stop = async (): Promise<void> => {
        process.kill(-(child.pid ?? 0), 'SIGTERM');
        await ended;
      };
      return { ready: JSON.parse(line) as ReadyLine, [Symbol.asyncDispose]: stop };
    }
    throw new Error(`It did not start: ${errors.join('')}`);
  }

  /** Runs npm without a network. */
  npm(node: NodeOnPath, ...words: readonly string[]): void {
    const { status, stdout, stderr } = this.run(node, ['npm', ...words, '--offline', '--no-audit', '--no-fund']);
    assert.equal(status, 0, `npm ${words.join(' ')}: ${stdout}${stderr}`);
  }

  /** A folder for PATH in which `node` is this program, with these parameters before the given ones. */
  nodeOnPath(program: string, ...parameters: readonly string[]): NodeOnPath {
    const folder = mkdtempSync(join(this.folder, 'path-'));
    chmodSync(folder, 0o755);
    const words = [program, ...parameters].map((word) => `'${word}'`).join(' ');
    writeFileSync(join(folder, 'node'), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    return { version: versionOf(join(folder, 'node')) ?? '', folder };
  }

  /** A Node below 24: this machine's own where it has one, else this one saying that it is 20. */
  oldNode(): NodeOnPath {
    const programs = path.split(delimiter).map((folder) => join(folder, 'node'));
    const real = programs.find((program) => Number(/^v(\d+)\./.exec(versionOf(program) ?? 'v24.')?.[1]) < 24);
    const claim = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';
    return real === undefined ? this.nodeOnPath(process.execPath, `--import=${claim}`) : this.nodeOnPath(real);
  }

  /** A release of Node from the registry, or `undefined` after a word on why it is not there. */
  nodeFromRegistry(version: string): NodeOnPath | undefined {
    const to = join(this.folder, 'node');
    const name = `node-${process.platform}-${process.arch}@${version}`;
    const words = ['install', '--prefer-offline', '--no-save', '--no-audit', '--no-fund', '--prefix', to, name];
    mkdirSync(to);
    const { status } = spawnSync('npm', words, { encoding: 'utf8' });
    if (status === 0) return this.nodeOnPath(join(to, `node_modules/${name.split('@')[0]}/bin/node`));
    notRun(`the package on Node ${version}`, `npm cannot install ${name} here`);
    return undefined;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
    if (process.env[keptVariable] === undefined) rmSync(dirname(this.archive), { recursive: true, force: true });
  }
}

/** `undefined`: this is no Node. */
function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Without the folders that npm puts before it, in which are programs of this checkout. */
const systemPath = path
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);

/** The archive, which the first test of a run packs for the others, in a folder of its own. */
async function packedOnce(): Promise<string> {
  const kept = process.env[keptVariable];
  if (kept === undefined) return pack(mkdtempSync(join(tmpdir(), 'postern-packed-')));
  const [folder, done] = [join(kept, 'packed'), join(kept, 'packed.json')];
  if (isOurs(folder)) {
    // Its test fails with the reason; the others are not to wait for it.
    const archive = await pack(folder).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    writeFileSync(`${done}.new`, JSON.stringify(archive instanceof Error ? { failed: archive.message } : { archive }));
    renameSync(`${done}.new`, done);
  }
  await until(() => existsSync(done), 'the archive of another test');
  const { archive, failed } = JSON.parse(readFileSync(done, 'utf8')) as {
    readonly archive?: string;
    readonly failed?: string;
  };
  assert.ok(archive !== undefined, failed ?? '');
  return archive;
}

/** Makes the folder. False: another process had made it. */
function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Builds a copy of the tree, so that no other test sees `dist/` change. Returns the archive. */
async function pack(folder: string): Promise<string> {
  chmodSync(folder, 0o755);
  const copy = join(folder, 'checkout');
  for (const file of await readTree(root)) {
    mkdirSync(dirname(join(copy, file.path)), { recursive: true });
    writeFileSync(join(copy, file.path), file.text);
  }
  for (const program of ['runtime/node', 'bin/postern', 'bin/main.mjs']) chmodSync(join(copy, program), 0o755);
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const options = { cwd: copy, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--pack-destination', folder], options);
  assert.equal(status, 0, `npm pack: ${stdout}${stderr}`);
  rmSync(copy, { recursive: true });
  return join(folder, readdirSync(folder)[0] ?? '');
}
