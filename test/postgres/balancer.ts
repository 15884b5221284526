import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { notRun } from '../not-run.ts';
import { dataFolder, until } from '../world/process.ts';
import { whenEndedBySignal } from '../world/ended-by-signal.ts';

/** Whether there is HAProxy here. Where not, a line says that the tests of `name` were not run. */
export function haveBalancer(name: string): boolean {
  if (spawnSync('haproxy', ['-v']).status === 0) return true;
  notRun(name, 'there is no haproxy: install haproxy');
  return false;
}

const numbers = Array.from({ length: 254 }, (_, index) => index + 1);

/** A node as its balancer sees it. */
export interface Behind {
  readonly name: string;
  /** The port of its listener for balancers (`loadBalancers`). */
  readonly port: number;
  readonly healthPort: number;
}

/**
 * A real HAProxy in front of the nodes: it passes bytes on, says by the PROXY protocol from where, and asks each node's
 * /readyz. Connections to a node that is leaving stay, so that their requests are answered.
 */
export async function startBalancer(port: number, nodes: readonly Behind[]): Promise<AsyncDisposable> {
  const folder = dataFolder();
  const file = join(folder.path, 'haproxy.cfg');
  const addresses = join(folder.path, 'addresses.map');
  writeFileSync(addresses, numbers.map((last) => `127.0.0.${last} 203.0.113.${last}\n`).join(''));
  writeFileSync(file, configuration(port, nodes, addresses));
  const haproxy = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const guard = whenEndedBySignal(() => void haproxy.kill('SIGKILL'));
  await until(() => takesConnections(port), 'the port of HAProxy');
  return {
    async [Symbol.asyncDispose]() {
      guard[Symbol.dispose]();
      const exited = once(haproxy, 'exit');
      haproxy.kill('SIGKILL');
      await exited;
      folder[Symbol.dispose]();
    },
  };
}

function configuration(port: number, nodes: readonly Behind[], addresses: string): string {
  const servers = nodes.map(
    (node) => `  server ${node.name} 127.0.0.1:${node.port} send-proxy-v2 check port ${node.healthPort}`,
  );
  return [
    'global',
    '  nbthread 1',
    '  maxconn 4000',
    'defaults',
    '  mode tcp',
    '  timeout connect 2s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  retries 3',
    '  option redispatch 1',
    'frontend vaults',
    `  bind 127.0.0.1:${port}`,
    // As the table of a server for its own listeners: loopback is seen as TEST-NET-3.
    `  tcp-request connection set-src src,map_ip_ip(${addresses})`,
    '  default_backend nodes',
    'backend nodes',
    '  balance roundrobin',
    '  option httpchk',
    '  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost',
    '  timeout check 1s',
    '  default-server inter 500ms fall 2 rise 1',
    ...servers,
    '',
  ].join('\n');
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
