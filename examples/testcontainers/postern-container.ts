/**
 * The image as a container of a test, with Testcontainers:
 *
 *     const postern = await startPostern(new GenericContainer('postern').withWaitStrategy(Wait.forHealthCheck()));
 *     get(`${postern.vaultUrl('open')}/healthstatus`, { agent: postern.agent }, (answer) => …);
 *
 * It takes a container instead of making one, so that this file needs nothing of the package but these methods.
 */
import { lookup } from 'node:dns';
import { Agent } from 'node:https';

/** The part of a `GenericContainer` that is used. */
export interface Startable {
  withExposedPorts(...ports: number[]): Startable;
  start(): Promise<Started>;
}

/** The part of a `StartedTestContainer` that is used. */
export interface Started {
  getHost(): string;
  getMappedPort(port: number): number;
  exec(command: string[]): Promise<{ readonly output: string; readonly exitCode: number }>;
  stop(): Promise<unknown>;
}

export interface PosternContainer extends AsyncDisposable {
  /** `https://localhost:PORT`: the resource manager, the authority and Graph. */
  readonly home: string;
  readonly vaultUrl: (vault: string) => string;
  /** The authority that clients must trust, PEM. */
  readonly ca: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** For clients in Node: it leads the server's names to the container, and trusts its authority. */
  readonly agent: Agent;
}

const port = 8443;
const read = `const { readFileSync } = require('node:fs');
  const { tenantId, clientId, clientSecret } = JSON.parse(readFileSync('/data/connection.json', 'utf8'));
  console.log(JSON.stringify({ tenantId, clientId, clientSecret, ca: readFileSync('/data/ca.pem', 'utf8') }));`;

/** Starts the container. Its port is whichever is free: the image's `publicPort` is `any`, so that each answer has it. */
export async function startPostern(container: Startable): Promise<PosternContainer> {
  const started = await container.withExposedPorts(port).start();
  try {
    const { output, exitCode } = await started.exec(['node', '-e', read]);
    if (exitCode !== 0) throw new Error(`The container does not tell its settings: ${output}`);
    const told = JSON.parse(output) as Pick<PosternContainer, 'tenantId' | 'clientId' | 'clientSecret' | 'ca'>;
    const mapped = started.getMappedPort(port);
    return {
      ...told,
      home: `https://localhost:${mapped}`,
      vaultUrl: (vault) => `https://${vault}.vault.localhost:${mapped}`,
      agent: agentTo(started.getHost(), told.ca),
      async [Symbol.asyncDispose]() {
        await started.stop();
      },
    };
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** `*.localhost` does not resolve everywhere, and an engine may be on another host. */
function agentTo(host: string, ca: string): Agent {
  return new Agent({ ca, keepAlive: true, lookup: (_name, options, found) => lookup(host, options, found) });
}
