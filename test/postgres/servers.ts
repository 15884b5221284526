import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { said } from './said.ts';
import type { Said } from './said.ts';

const run = promisify(execFile);

/** The servers of a database, each with a data folder of its own. The first one, `a`, makes the master key. */
export class Servers implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-nodes-'));
  readonly #url: () => string;

  /** @param url of the database, at each start */
  constructor(url: () => string) {
    this.#url = url;
  }

  data(node: string): string {
    return join(this.folder, node);
  }

  start(node: string, options: readonly string[] = [], data = this.data(node)): Promise<RunningPostern> {
    const given = ['--store', this.#url(), '--node', node, '--data', data, '--health', '127.0.0.1:0'];
    return startPostern([...given, ...options]);
  }

  /** Starts a node that has the key of `a`, and no mark. */
  async join(node: string): Promise<RunningPostern> {
    await this.keyTo(node);
    return this.start(node, ['--join']);
  }

  async keyTo(node: string): Promise<void> {
    mkdirSync(this.data(node), { recursive: true });
    cpSync(join(this.data('a'), 'master.key'), join(this.data(node), 'master.key'));
    await this.give(this.data(node));
  }

  /** A server that root starts gives its data folder to its worker. */
  async give(path: string): Promise<void> {
    await run('chown', ['-R', `--reference=${this.data('a')}`, path]);
  }

  command(node: string, ...words: readonly string[]): Promise<Said> {
    return said(this.data(node), ...words);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The answer of a server's own /readyz; status 0 where there is none. */
export interface Readiness {
  readonly status: number;
  readonly text: string;
}

export function readinessOf({ ready }: RunningPostern): Promise<Readiness> {
  const { health } = ready as { readonly health?: string };
  return new Promise((resolve) => {
    get(`${health}/readyz`, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    }).on('error', ({ message }) => resolve({ status: 0, text: message }));
  });
}
