import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { freePort } from './azurite.ts';
import { endChild, startChild } from './child.ts';
import type { Child } from './child.ts';
import { temporaryFolder } from './folder.ts';
import { run } from './programs.ts';

/** The programs of the database, with their Debian package. */
export const postgresPrograms = { initdb: 'postgresql', postgres: 'postgresql' } as const;

/** PostgreSQL refuses to run as root. Root runs it as the user with no rights, who has this id in Debian (base-passwd). */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'] : [];

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export type Row = Readonly<Record<string, string | number | null>>;

const administrator = { user: 'postgres' } as const;

/** A database server of the lesson's own, in a folder that goes with it. Every login needs a password. */
export class Postgres {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly database = 'postgres';
  readonly #password: string;
  readonly #child: Child;
  readonly #folder: Disposable;

  private constructor(port: number, password: string, { child, folder }: { child: Child; folder: Disposable }) {
    this.port = port;
    this.#password = password;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(): Promise<Postgres> {
    const password = newPassword();
    const folder = temporaryFolder();
    if (isRoot) chownSync(folder.path, nobody, nobody);
    const [data, passwordFile] = [join(folder.path, 'data'), join(folder.path, 'password')];
    writeFileSync(passwordFile, password);
    const cluster = ['-D', data, '-U', administrator.user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    const [first = '', ...rest] = [...(isRoot ? ['setpriv', ...identity] : []), 'initdb', ...cluster];
    run(first, [...rest, '--no-sync', '--no-locale', '-E', 'UTF8']);
    rmSync(passwordFile);

    const port = await freePort();
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=10'];
    const options = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
    const child = startChild('postgres', options, identity);
    await isReady(child);
    return new Postgres(port, password, { child, folder });
  }

  /** Runs a statement of the database's own administrator. */
  administer(sql: string): Promise<unknown> {
    const { host, port, database } = this;
    return query({ host, port, database, ...administrator, password: this.#password }, sql);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endChild(this.#child, 'SIGINT');
    this.#folder[Symbol.dispose]();
  }
}

/** Long, and without a character that SQL or a connection string would have to quote. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** Logs in, and runs one statement. @throws {DatabaseError} with PostgreSQL's code: `28P01` for a wrong password */
export async function query(login: Login, sql: string): Promise<readonly Row[]> {
  const client = new Client(login);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function isReady(child: Child): Promise<void> {
  const said: string[] = [];
  const lines = createInterface(child.stderr).on('line', (line) => said.push(line));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`PostgreSQL ended. ${said.join('\n')}`)));
  const ready = (async () => {
    for await (const line of lines) if (line.includes('ready to accept connections')) return;
  })();
  await Promise.race([ready, ended]);
  child.stdout.resume();
  child.stderr.resume();
}
