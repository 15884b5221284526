import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { generateMasterKey } from '../../src/crypto/master-key.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { notBuilt } from '../../src/site/portal-files.ts';
import { openFolder } from '../../src/worker/folder.ts';
import type { OpenFolder } from '../../src/worker/folder.ts';
import { openServer } from '../../src/worker/server.ts';
import type { Server } from '../../src/worker/server.ts';
import { MemoryNodes } from '../store/memory-nodes.ts';
import { connect } from './client.ts';
import type { Client } from './client.ts';
import { freePort } from './free-port.ts';

/** A server that shares its store with the others. */
export interface TestNode {
  readonly name: string;
  readonly server: Server;
  readonly folder: OpenFolder;
  /** Its connections go to this node; the names are those of all. */
  readonly client: Client;
  readonly port: number;
  /** Moves the clock of this node alone. */
  readonly advance: (ms: number) => void;
  /** As a process that is killed: it does nothing more, and gives nothing back. */
  readonly close: () => Promise<void>;
}

export interface TestNodes<Name extends string = string> extends AsyncDisposable {
  readonly database: MemoryNodes;
  readonly of: Readonly<Record<Name, TestNode>>;
}

export interface TestNodesSetting {
  /** The contents of the configuration file, besides the master key. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Real servers in this process, each with a data folder of its own, on one store in memory. */
export async function startNodes<Name extends string>(
  names: readonly Name[],
  { config = {} }: TestNodesSetting = {},
): Promise<TestNodes<Name>> {
  const base = mkdtempSync(join(tmpdir(), 'postern-nodes-'));
  const masterKeyFile = join(base, 'master.key');
  writeFileSync(masterKeyFile, generateMasterKey());
  const file = join(base, 'postern.json');
  writeFileSync(file, JSON.stringify({ masterKeyFile, ...config }));
  const database = new MemoryNodes(Date.now());
  const place = { base, file, database, namesPort: await freePort() };
  const started: [Name, TestNode][] = [];
  for (const name of names) started.push([name, await startNode(name, place)]);
  return {
    database,
    of: Object.fromEntries(started) as Record<Name, TestNode>,
    async [Symbol.asyncDispose]() {
      for (const [, node] of started) await node.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

interface NodePlace {
  readonly base: string;
  readonly file: string;
  readonly database: MemoryNodes;
  /** The port in the servers' names, as behind a load balancer. */
  readonly namesPort: number;
}

async function startNode(name: string, { base, file, database, namesPort }: NodePlace): Promise<TestNode> {
  const data = join(base, name);
  mkdirSync(data);
  let offset = 0;
  const now = () => Date.now() + offset;
  const url = 'postgres://postern@db.example/postern';
  const read = readSettings({
    argv: ['--store', url, '--node', name, '--join', '--no-demo', '--data', data, '--config', file],
    environment: {},
    readFile: readText,
    folder: base,
  });
  if (!read.ok) throw new Error(read.message);
  const settings = { ...read.settings, port: namesPort };
  const folder = await openFolder({
    settings,
    path: data,
    entry: data,
    readFile: readText,
    mark: { path: 'commit-mark' },
    notice: () => undefined,
    now: now(),
    clock: now,
    connectDatabase: async ({ node }) => database.open(node),
  });
  const log = pino({ level: 'silent' });
  const server = await openServer({ ...folder, settings, portal: notBuilt, port: namesPort, now, log });
  const port = await freePort();
  await server.ingress.addPublic({ port, host: '127.0.0.1' });
  const { identity } = folder;
  const ca = folder.certificates.authority.certificate;
  let closed: Promise<void> | undefined;
  return {
    name,
    server,
    folder,
    client: connect({ port, publicPort: namesPort, domain: settings.domain, ca, identity }),
    port,
    advance: (ms) => (offset += ms),
    close: () => (closed ??= server.close().then(() => folder.close())),
  };
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
