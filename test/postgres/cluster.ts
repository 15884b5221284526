import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, globSync, rmSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { notRun } from '../not-run.ts';
import { whenEndedBySignal } from '../world/ended-by-signal.ts';
import { identityOf } from './user.ts';

const run = promisify(execFile);

/** The folder of the newest PostgreSQL of this machine, as Debian installs it. */
const programs = globSync('/usr/lib/postgresql/*/bin').toSorted((one, other) => versionOf(other) - versionOf(one))[0];

function versionOf(folder: string): number {
  return Number(folder.split('/')[4]);
}

/** Whether a database can be started here. Where not, a line says that the tests of `name` were not run. */
export function havePostgres(name: string, { bouncer = false }: { readonly bouncer?: boolean } = {}): boolean {
  if (programs === undefined || !existsSync(join(programs, 'initdb'))) {
    notRun(name, 'there is no PostgreSQL: install postgresql');
    return false;
  }
  if (bouncer && !existsSync('/usr/sbin/pgbouncer')) {
    notRun(name, 'there is no PgBouncer: install pgbouncer');
    return false;
  }
  return true;
}

export interface ClusterOptions {
  /** The folder for its folder; that for temporary files unless given. */
  readonly parent?: string;
  /** A second server that follows the first: `sync` delays each commit until it has it on its disk. */
  readonly standby?: 'sync' | 'async';
  /** PgBouncer in transaction mode. */
  readonly bouncer?: boolean;
  /** Lines for `postgresql.conf`. */
  readonly settings?: readonly string[];
  /** Lines for the section `[pgbouncer]`. */
  readonly bouncerSettings?: readonly string[];
}

/** A server of a cluster, as a process of its own. */
export interface PostgresServer {
  readonly folder: string;
  readonly port: number;
  /** `postgres://…` of its database. */
  readonly url: string;
  /** Runs SQL as the superuser; the rows without decoration, columns separated by `|`. */
  psql(sql: string): Promise<string>;
  start(): Promise<void>;
  /** Ends it as `pg_ctl stop --mode` does: `fast`, or `immediate`, after which it recovers from its log. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** `kill -9` of all of its processes. */
  kill(): Promise<void>;
  /** Stops all of its processes by SIGSTOP, and lets them go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Makes a standby the primary. */
  promote(): Promise<void>;
}

export interface Cluster extends AsyncDisposable {
  readonly primary: PostgresServer;
  /** Undefined unless asked for. */
  readonly standby: PostgresServer | undefined;
  /** Of the primary, direct. */
  readonly url: string;
  /** Of the primary, through PgBouncer; the same as `url` without one. */
  readonly bouncerUrl: string;
  /** Of the primary and the standby together. */
  readonly bothUrl: string;
  psql(sql: string): Promise<string>;
  /** Ends the replication, as a network does that parts the two: neither hears of the other. */
  cutOff(): Promise<void>;
  /** PgBouncer's connections lead to the standby from now on. */
  turnBouncer(): Promise<void>;
}

/** A free port; another program may take it first, so who starts a server tries again. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a listening server without a port');
  return address.port;
}

/** Starts Debian's PostgreSQL in a folder of its own, as the user `postgres` when root starts it. */
export async function startPostgres(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'postern-postgres-'));
  // Its servers are killed before, and the last of their processes may still make a file.
  const guard = whenEndedBySignal(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  giveAway(folder);
  const started: { stop: () => Promise<void> }[] = [];
  const dispose = async (): Promise<void> => {
    for (const { stop } of started.toReversed()) await stop();
    await rm(folder, { recursive: true, force: true });
    guard[Symbol.dispose]();
  };
  try {
    const primary = await makeServer(join(folder, 'primary'), options);
    started.push({ stop: () => primary.kill() });
    const standby = options.standby === undefined ? undefined : await makeStandby(primary, join(folder, 'standby'));
    if (standby !== undefined) started.push({ stop: () => standby.kill() });
    if (options.standby === 'sync') await waitForBoth(primary);
    const bouncer = options.bouncer === true ? await startBouncer(folder, { primary, options }) : undefined;
    if (bouncer !== undefined) started.push(bouncer);
    const ports = [primary, ...(standby === undefined ? [] : [standby])].map(({ port }) => `127.0.0.1:${port}`);
    return {
      primary,
      standby,
      url: primary.url,
      bouncerUrl: bouncer?.url ?? primary.url,
      bothUrl: `postgres://postgres@${ports.join()}/postgres`,
      psql: (sql) => primary.psql(sql),
      cutOff: () => cutOff(primary, standby),
      turnBouncer: async () => {
        if (bouncer !== undefined && standby !== undefined) await bouncer.lead(standby);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Where a signal ends this process, it ends the other one first. */
function endWithThis(child: ChildProcess, kill: () => void): void {
  const guard = whenEndedBySignal(kill);
  child.once('exit', () => guard[Symbol.dispose]());
}

function giveAway(folder: string): void {
  const { uid, gid } = identityOf();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  chmodSync(folder, 0o700);
}

async function program(name: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(join(programs ?? '', name), args, { ...identityOf(), cwd: '/', env: environment });
  return stdout;
}

/** Messages in English, and nothing of who runs the tests. */
const environment = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' };

async function makeServer(folder: string, { settings = [], standby }: ClusterOptions): Promise<Server> {
  const initdb = [
    '--pgdata',
    folder,
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ];
  await program('initdb', initdb);
  const lines = [
    "listen_addresses = '127.0.0.1'",
    'max_connections = 100',
    'shared_buffers = 32MB',
    'wal_level = replica',
    'max_wal_senders = 4',
    // Of a standby that was cut off, the primary must soon know.
    'wal_sender_timeout = 2s',
    'wal_receiver_timeout = 2s',
    'log_min_messages = warning',
    ...settings,
  ];
  await appendFile(join(folder, 'postgresql.conf'), `${lines.join('\n')}\n`);
  const server = new Server(folder, await freePort());
  await server.start();
  if (standby === 'sync') {
    await server.psql("alter system set synchronous_standby_names = 'one'");
  }
  return server;
}

async function makeStandby(primary: Server, folder: string): Promise<Server> {
  const from = `host=127.0.0.1 port=${primary.port} user=postgres application_name=one`;
  await program('pg_basebackup', [
    '--pgdata',
    folder,
    '--dbname',
    from,
    '--write-recovery-conf',
    '--checkpoint=fast',
    '--no-sync',
  ]);
  const server = new Server(folder, await freePort());
  await server.start();
  return server;
}

/** From when the standby follows, commits wait for it. */
async function waitForBoth(primary: Server): Promise<void> {
  await primary.psql('select pg_reload_conf()');
  for (let tries = 0; tries < 600; tries += 1) {
    const state = await primary.psql("select sync_state from pg_stat_replication where application_name = 'one'");
    if (state === 'sync') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the standby did not become synchronous within 30 seconds');
}

/** The standby looks for its primary at a closed port; the primary hears the same silence, from the return on. */
async function cutOff(primary: Server, standby: Server | undefined): Promise<void> {
  if (standby === undefined) return;
  await standby.psql("alter system set primary_conninfo = 'host=127.0.0.1 port=1'");
  await standby.psql('select pg_reload_conf()');
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await primary.psql('select count(*) from pg_stat_replication')) === '0') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the standby was not cut off within 30 seconds');
}

/**
 * Makes the standby the primary, also for PgBouncer. It has the settings of the one before, and would wait for a standby of its
 * own.
 */
export async function takeOver(cluster: Cluster): Promise<void> {
  const { standby } = cluster;
  await standby?.promote();
  await standby?.psql("alter system set synchronous_standby_names = ''");
  await standby?.psql('select pg_reload_conf()');
  await cluster.turnBouncer();
}

class Server implements PostgresServer {
  readonly folder: string;
  readonly port: number;
  #process: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async psql(sql: string): Promise<string> {
    const url = `${this.url}?connect_timeout=10`;
    const output = await program('psql', [
      '--no-psqlrc',
      '--quiet',
      '--tuples-only',
      '--no-align',
      '--command',
      sql,
      url,
    ]);
    return output.trimEnd();
  }

  async start(): Promise<void> {
    const args = ['-D', this.folder, '-p', String(this.port), '-k', this.folder];
    const child = spawn(join(programs ?? '', 'postgres'), args, {
      ...identityOf(),
      cwd: '/',
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own, so that all of its processes can be paused and killed together.
      detached: true,
    });
    this.#process = child;
    endWithThis(child, () => this.#signal('SIGKILL'));
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4_000);
    });
    for (let tries = 0; tries < 600; tries += 1) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended at its start: ${said}`);
      const ready = await program('pg_isready', ['-q', '-h', '127.0.0.1', '-p', String(this.port)]).then(
        () => true,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`PostgreSQL was not ready within 30 seconds: ${said}`);
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.#end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  }

  async kill(): Promise<void> {
    await this.resume();
    await this.#end('SIGKILL');
  }

  pause(): Promise<void> {
    this.#signal('SIGSTOP');
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#signal('SIGCONT');
    return Promise.resolve();
  }

  async promote(): Promise<void> {
    await program('pg_ctl', ['promote', '--pgdata', this.folder, '--wait']);
  }

  async #end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    if (signal === 'SIGKILL') this.#signal(signal);
    else child.kill(signal);
    await ended;
  }

  /** To the server and its backends: each of these has made a session of its own, so the group is not enough. */
  #signal(signal: NodeJS.Signals): void {
    const parent = this.#process;
    if (parent?.pid === undefined || parent.exitCode !== null || parent.signalCode !== null) return;
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(parent.pid)], { encoding: 'utf8' });
    // The server itself first or last, so that it neither sees a child end nor starts another one meanwhile.
    const children = stdout
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 1);
    for (const pid of [parent.pid, ...children]) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** The roles that PgBouncer lets through; a test makes those that it uses. */
const users = ['postgres', 'postern', 'other'];

interface Bouncer {
  readonly url: string;
  stop(): Promise<void>;
  lead(to: PostgresServer): Promise<void>;
}

async function startBouncer(
  folder: string,
  { primary, options }: { readonly primary: Server; readonly options: ClusterOptions },
): Promise<Bouncer> {
  const [port, file] = [await freePort(), join(folder, 'pgbouncer.ini')];
  const write = (to: PostgresServer) =>
    writeFile(
      file,
      `[databases]
* = host=127.0.0.1 port=${to.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = 10
max_prepared_statements = 200
admin_users = postgres
server_check_delay = 0
server_login_retry = 1
${(options.bouncerSettings ?? []).join('\n')}
`,
      { mode: 0o644 },
    );
  await write(primary);
  await writeFile(join(folder, 'users.txt'), users.map((user) => `"${user}" ""\n`).join(''), { mode: 0o644 });
  const child = spawn('/usr/sbin/pgbouncer', [file], { ...identityOf(), cwd: '/', env: environment, stdio: 'ignore' });
  endWithThis(child, () => void child.kill('SIGKILL'));
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const admin = (sql: string) =>
    program('psql', ['--no-psqlrc', '--quiet', '--command', sql, `postgres://postgres@127.0.0.1:${port}/pgbouncer`]);
  for (let tries = 0; ; tries += 1) {
    const ready = await admin('show version').then(
      () => true,
      () => false,
    );
    if (ready) break;
    if (tries > 200 || child.exitCode !== null) throw new Error('PgBouncer did not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    lead: async (to) => {
      await write(to);
      await admin('reload');
    },
  };
}
