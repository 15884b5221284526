import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { endChild, startChild } from './child.ts';
import type { Child } from './child.ts';
import { temporaryFolder } from './folder.ts';

/** The line that `postern start --json` prints. */
export interface Connection {
  readonly home: string;
  readonly vaultSuffix: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
  readonly caFile: string;
  readonly dataDir: string;
}

/** A part of the configuration file. The lists of several parts are joined. */
export type Configuration = Readonly<Record<string, unknown>>;

/** The credential that `postern trusted-services credential` prints. */
export interface ServiceCredential {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
}

/** A record of the audit log, as far as the lessons look into it. */
export interface AuditRecord {
  /** Of the vault. */
  readonly resourceId: string;
  readonly correlationId: string;
  readonly operationName: string;
  readonly callerIpAddress: string;
  readonly properties: {
    readonly httpStatusCode: number;
    readonly trustedService?: string;
    readonly verdict?: { readonly because: string };
  };
}

/** The command line. */
export const program = fileURLToPath(new URL('../../../bin/postern', import.meta.url));

/** A server of the lesson's own, in a folder that goes with it. */
export class Postern {
  readonly connection: Connection;
  readonly #child: Child;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(connection: Connection, child: Child, folder: ReturnType<typeof temporaryFolder>) {
    this.connection = connection;
    this.#child = child;
    this.#folder = folder;
  }

  /** Starts it, and has this process trust its certificates. */
  static async start(): Promise<Postern> {
    const folder = temporaryFolder();
    writeFileSync(join(folder.path, 'postern.json'), '{}');
    const child = start(folder.path);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('Postern did not start.')));
    const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
    const connection: Connection = JSON.parse(line);
    setDefaultCACertificates([...getCACertificates(), readFileSync(connection.caFile, 'utf8')]);
    return new Postern(connection, child, folder);
  }

  /** Gives it another configuration, and waits until that holds. */
  async configure(configuration: Configuration): Promise<void> {
    writeFileSync(join(this.#folder.path, 'postern.json'), JSON.stringify(configuration));
    this.#child.kill('SIGHUP');
    const lines = createInterface(this.#child.stderr);
    for await (const line of lines) {
      if (line.includes('"msg":"ready"')) break;
      if (!line.startsWith('{') && !line.includes('was reread')) console.error(line);
    }
    lines.close();
    this.#child.stderr.resume();
  }

  /** The administrator mints a credential for a service that calls as an application of Microsoft's. */
  credentialOf(service: string): ServiceCredential {
    const options = ['trusted-services', 'credential', '--service', service, '--data', this.connection.dataDir];
    const { status, stdout, stderr } = spawnSync(program, options, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  /** The last record of the request that the client named so, or of the operation that was part of it. */
  recordOf(requestId: string, operation?: string): AuditRecord {
    const folder = join(this.connection.dataDir, 'audit');
    const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    const lines = files.flatMap((file) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'));
    const found = lines
      .map((line): AuditRecord => JSON.parse(line))
      .findLast(
        ({ correlationId, operationName }) =>
          correlationId === requestId && (operation === undefined || operationName === operation),
      );
    if (found === undefined) throw new Error(`The log has no record of the request ${requestId}.`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endChild(this.#child);
    this.#folder[Symbol.dispose]();
  }
}

function start(folder: string): Child {
  const where = ['--data', join(folder, 'data'), '--config', join(folder, 'postern.json'), '--port', '0'];
  return startChild(program, ['start', '--json', '--no-demo', ...where]);
}
