import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { postern, type FabricLab } from './fabric-lab.ts';
import type { Command, ListenCommand, Looped, ReadAnswer, ReadCommand } from './program.ts';

const root = join(import.meta.dirname, '../..');

/** Where a program runs: in a subnet as a managed identity, or as a host on the internet with variables of its own. */
export type Where =
  | { readonly subnet: string; readonly address?: string; readonly as?: string }
  | { readonly internet: string; readonly variables?: Readonly<Record<string, string>> };

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line of `postern exec`. */
function line(lab: FabricLab, where: Where, command: readonly string[]): readonly string[] {
  const options =
    'internet' in where
      ? ['--internet', '--address', where.internet]
      : [
          '--subnet',
          where.subnet,
          ...(where.address === undefined ? [] : ['--address', where.address]),
          ...(where.as === undefined ? [] : ['--as', where.as]),
        ];
  const variables = 'internet' in where ? Object.entries(where.variables ?? {}) : [];
  const set = variables.length === 0 ? [] : ['env', ...variables.map(([name, value]) => `${name}=${value}`)];
  return ['exec', '--data', lab.dataDir, ...options, '--', ...set, ...command];
}

/** Names nothing that leads a client elsewhere: neither roots nor proxies of this machine. */
const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], PYTHONWARNINGS: 'ignore' };

/** Runs a command to its end, in the folder of this checkout or in another one. */
export function runIn(
  lab: FabricLab,
  where: Where,
  { command, cwd = root }: { readonly command: readonly string[]; readonly cwd?: string },
): Promise<Ended> {
  const options = { env: environment, cwd, timeout: 110_000 };
  return new Promise((resolve) => {
    const child = execFile(postern, line(lab, where, command), options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (child.exitCode ?? -1), stdout, stderr });
    });
  });
}

/** The output of a command that must succeed. */
export async function printsIn(
  lab: FabricLab,
  where: Where,
  asked: { readonly command: readonly string[]; readonly cwd?: string },
): Promise<string> {
  const { status, stdout, stderr } = await runIn(lab, where, asked);
  assert.equal(status, 0, `${asked.command.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/** `program.ts` in a place, to which the test gives commands. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #stderr = '';
  #last = 0;

  private constructor(lab: FabricLab, where: Where) {
    const program = join(import.meta.dirname, 'program.ts');
    const words = line(lab, where, [process.execPath, program]);
    this.#child = spawn(postern, words, { env: environment, cwd: root });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
  }

  static async start(lab: FabricLab, where: Where): Promise<Program> {
    const program = new Program(lab, where);
    const lines = createInterface({ input: program.#child.stdout });
    const [first] = await Promise.race([once(lines, 'line'), once(program.#child, 'exit').then(() => [''])]);
    assert.equal(first, '"ready"', program.#stderr);
    lines.on('line', (text) => {
      const { id, answer } = JSON.parse(text) as { readonly id: number; readonly answer: unknown };
      program.#waiting.get(id)?.(answer);
      program.#waiting.delete(id);
    });
    program.#child.on('exit', () => {
      for (const resolve of program.#waiting.values()) resolve(`the program has ended: ${program.#stderr}`);
    });
    return program;
  }

  read(vault: string, secret: string, tenant: ReadCommand['tenant'] = 'of the vault'): Promise<ReadAnswer> {
    return this.#tell({ kind: 'read', vault, secret, tenant }) as Promise<ReadAnswer>;
  }

  async listen(asked: Omit<ListenCommand, 'kind'>): Promise<void> {
    assert.equal(await this.#tell({ kind: 'listen', ...asked }), 'listening');
  }

  /** Answers with the words of the other end, `connected` if it was silent, `nothing`, or an error's code. */
  async ask(protocol: 'tcp' | 'udp', to: string): Promise<string> {
    const [address = '', port] = to.split(':');
    return String(await this.#tell({ kind: 'ask', protocol, to: address, port: Number(port) }));
  }

  async loop(vault: string, secret: string): Promise<void> {
    assert.equal(await this.#tell({ kind: 'loop', vault, secret }), 'looping');
  }

  endLoop(): Promise<readonly Looped[]> {
    return this.#tell({ kind: 'endLoop' }) as Promise<readonly Looped[]>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }

  #tell(command: Command): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${JSON.stringify({ id, command })}\n`);
    });
  }
}
