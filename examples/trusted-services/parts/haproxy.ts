import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './azurite.ts';
import { endChild, startChild } from './child.ts';
import type { Child } from './child.ts';
import { temporaryFolder } from './folder.ts';

/** A host that a listener serves. */
export interface Site {
  readonly host: string;
  /** The private key, the certificate and its issuers, as PEM. */
  readonly pem: string;
  /** The port on this machine of the application behind it. */
  readonly application: number;
}

/** A port with its hosts. A connection for another host ends in the handshake, and a request for another one in 421. */
export interface Listener {
  readonly name: string;
  readonly sites: readonly Site[];
}

/** A real HAProxy that terminates TLS. It replaces certificates while it runs. */
export class Haproxy {
  readonly #child: Child;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(child: Child, folder: ReturnType<typeof temporaryFolder>, ports: ReadonlyMap<string, number>) {
    this.#child = child;
    this.#folder = folder;
    this.#ports = ports;
  }

  static async start(listeners: readonly Listener[]): Promise<Haproxy> {
    const folder = temporaryFolder();
    const ports = new Map<string, number>();
    for (const { name, sites } of listeners) {
      ports.set(name, await freePort());
      for (const { host, pem } of sites) writeFileSync(pemFile(folder.path, host), pem, { mode: 0o600 });
    }
    const configuration = join(folder.path, 'haproxy.cfg');
    writeFileSync(configuration, configurationOf(folder.path, listeners, ports));
    const child = startChild('haproxy', ['-db', '-q', '-f', configuration]);
    const proxy = new Haproxy(child, folder, ports);
    await proxy.#answers();
    return proxy;
  }

  portOf(listener: string): number {
    return this.#ports.get(listener) ?? 0;
  }

  /** Serves the host with another certificate from the next connection on. No connection is refused meanwhile. */
  async replace(host: string, pem: string): Promise<void> {
    const file = pemFile(this.#folder.path, host);
    await this.#command(`set ssl cert ${file} <<\n${pem.trimEnd()}\n`, /Transaction/);
    await this.#command(`commit ssl cert ${file}`, /Success!/);
  }

  /** Stops accepting connections, for this listener only. */
  async disable(listener: string): Promise<void> {
    await this.#command(`disable frontend ${listener}`, /^\s*$/);
  }

  async enable(listener: string): Promise<void> {
    await this.#command(`enable frontend ${listener}`, /^\s*$/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endChild(this.#child);
    this.#folder[Symbol.dispose]();
  }

  /** Waits until it answers. @throws {Error} with its output, when it does not start */
  async #answers(): Promise<void> {
    for (let attempt = 0; attempt < 200 && this.#child.exitCode === null; attempt += 1) {
      await sleep(50);
      const listens = await this.#command('show info', /Version/).then(
        () => true,
        () => false,
      );
      if (listens) return;
    }
    await this[Symbol.asyncDispose]();
    throw new Error(`HAProxy did not start. ${await text(this.#child.stderr)}`);
  }

  /** Speaks to the administrator's socket. */
  async #command(command: string, expected: RegExp): Promise<void> {
    const socket = connect(join(this.#folder.path, 'admin.sock'));
    await once(socket, 'connect');
    socket.end(`${command}\n`);
    const answer = await text(socket);
    if (!expected.test(answer)) throw new Error(`HAProxy answered ${answer}`);
  }
}

/** An application behind the proxy, which says what it is. */
export async function startApplication(says: string): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer(({ headers }, answer) => {
    answer.end(`${says}, by ${String(headers['x-forwarded-proto'])}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}

function pemFile(folder: string, host: string): string {
  return join(folder, `${host}.pem`);
}

function configurationOf(folder: string, listeners: readonly Listener[], ports: ReadonlyMap<string, number>): string {
  const head = `global
  stats socket ${join(folder, 'admin.sock')} mode 600 level admin
  maxconn 100
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
`;
  const frontends = listeners.map(
    ({ name, sites }) => `frontend ${name}
  bind 127.0.0.1:${ports.get(name)} ssl strict-sni ${sites.map(({ host }) => `crt ${pemFile(folder, host)}`).join(' ')}
  http-request set-var(txn.host) req.hdr(host),field(1,:),lower
  http-request return status 421 unless { ssl_fc_sni,lower,strcmp(txn.host) eq 0 }
  use_backend %[var(txn.host)]
`,
  );
  const backends = listeners.flatMap(({ sites }) =>
    sites.map(
      ({ host, application }) => `backend ${host}
  http-request set-header x-forwarded-proto https
  server application 127.0.0.1:${application}
`,
    ),
  );
  return [head, ...frontends, ...backends].join('');
}
