import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Agent } from 'node:https';
import { join } from 'node:path';
import { connect } from '../world/client.ts';
import type { Client } from '../world/client.ts';
import { freePort } from '../world/free-port.ts';
import { dataFolder, startCommand, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { startBalancer } from './balancer.ts';
import { openLink } from './link.ts';
import type { Link } from './link.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

/** One of the servers on a database, supervisor and worker. */
export interface Node {
  readonly name: string;
  readonly folder: string;
  readonly auditFolder: string;
  /** Its own copy of the master key. */
  readonly masterKeyFile: string;
  /** Its way to the database. */
  readonly link: Link;
  /** The port of its listener for balancers. */
  readonly port: number;
  readonly healthPort: number;
  /** Starts it, again after its end; `before` is put before the command, as `env` and its variables are. */
  readonly start: (options?: readonly string[], before?: readonly string[]) => Promise<void>;
  readonly running: () => RunningPostern;
  /** Asks this node, past the balancer. */
  readonly client: () => Client;
  /** Sends a signal to the supervisor and the worker, and waits for nothing. */
  readonly signal: (signal: NodeJS.Signals) => void;
}

export interface Nodes extends AsyncDisposable {
  readonly nodes: readonly Node[];
  /** Asks through the balancer, each time over a connection of its own, which goes to the next node. */
  readonly client: Client;
  /** The same with connections that this agent keeps. */
  readonly clientWith: (agent: Agent) => Client;
  readonly auditFolders: readonly string[];
}

export interface NodesSetting {
  readonly count: number;
  /** The port of the database or of its pooler, on loopback. */
  readonly databasePort: number;
  /** The options of `postern start` for the node of this name, which reaches the database on this port. */
  readonly store: (port: number, node: string) => readonly string[];
  /** Further members of the configuration file. */
  readonly config?: object;
}

/** Starts servers on one database behind HAProxy, each with a link of its own to the database. */
export async function startNodes({ count, databasePort, store, config = {} }: NodesSetting): Promise<Nodes> {
  await using started = new AsyncDisposableStack();
  const root = started.use(dataFolder());
  const masterKey = randomBytes(32).toString('hex');
  const publicPort = await freePort();
  const nodes: Node[] = [];
  for (let index = 1; index <= count; index += 1) {
    const link = started.use(await openLink(databasePort));
    const own = { name: `node-${index}`, root: root.path, link, publicPort, masterKey };
    const node = await makeNode(own, config, store(link.port, own.name));
    await node.start(index === 1 ? [] : ['--join']);
    started.defer(() => node.running()[Symbol.asyncDispose]());
    nodes.push(node);
  }
  started.use(await startBalancer(publicPort, nodes));
  const client = nodes[0]?.running().client;
  if (client === undefined) throw new TypeError('the number of nodes is 0: it must be at least 1');
  await until(() => answers(client), 'an answer through the balancer');
  const kept = started.move();
  return {
    nodes,
    client,
    clientWith: (agent) => connect({ ...client, port: publicPort, domain: new URL(client.home).hostname, agent }),
    auditFolders: nodes.map(({ auditFolder }) => auditFolder),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Own {
  readonly name: string;
  readonly root: string;
  readonly link: Link;
  readonly publicPort: number;
  readonly masterKey: string;
}

async function makeNode(
  { name, root, link, publicPort, masterKey }: Own,
  config: object,
  store: readonly string[],
): Promise<Node> {
  const folder = join(root, name);
  mkdirSync(folder, { mode: 0o700 });
  const [port, healthPort] = [await freePort(), await freePort()];
  const masterKeyFile = join(root, `${name}.key`);
  writeFileSync(masterKeyFile, masterKey, { mode: 0o600 });
  const configFile = join(root, `${name}.json`);
  const loadBalancers = [{ listen: `127.0.0.1:${port}`, from: ['127.0.0.0/8'], version: 2 }];
  writeFileSync(configFile, JSON.stringify({ ...config, masterKeyFile, loadBalancers }));
  const given = ['--data', folder, '--config', configFile, '--public-port', String(publicPort), ...store];
  const health = ['--health', `127.0.0.1:${healthPort}`];
  let running: RunningPostern | undefined;
  const here = () => {
    if (running === undefined) throw new Error(`${name} was not started`);
    return running;
  };
  return {
    name,
    folder,
    auditFolder: join(folder, 'audit'),
    masterKeyFile,
    link,
    port,
    healthPort,
    async start(options = [], before = []) {
      running = await startCommand([...before, postern, 'start', ...given, ...health, ...options]);
    },
    running: here,
    client() {
      const { ready, client } = here();
      const [{ identity, ca }, domain] = [client, new URL(ready.home).hostname];
      return connect({ port: ready.port, publicPort, domain, ca, identity });
    },
    signal(signal) {
      const { child, workerPid } = here();
      process.kill(workerPid(), signal);
      child.kill(signal);
    },
  };
}

async function answers(client: Client): Promise<boolean> {
  try {
    return (await client.send(`${client.home}/`)).status < 500;
  } catch {
    return false;
  }
}
