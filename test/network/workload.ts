/**
 * The program of a workload. It runs inside a workload's network namespace, without privileges, and executes commands:
 * one on each line of standard input, in JSON, each answered by one line. It ends with its input.
 */
import { execFile } from 'node:child_process';
import { request as requestInClear } from 'node:http';
import { Agent, request } from 'node:https';
import { connect, type NetConnectOpts } from 'node:net';
import { createInterface } from 'node:readline';
import { ClientSecretCredential } from '@azure/identity';
import { SecretClient, type SecretClientOptions } from '@azure/keyvault-secrets';

export interface Application {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** URL of the authority: `https://<domain>`. */
  readonly authorityHost: string;
}

export type Command =
  | { readonly kind: 'application'; readonly application: Application }
  | ReadCommand
  | RequestCommand
  | DialCommand
  | { readonly kind: 'run'; readonly command: readonly string[] };

/** Reads a secret with the official client. `slot`: over the connection of an earlier command, if it is still open. */
export interface ReadCommand {
  readonly kind: 'read';
  readonly vaultUrl: string;
  readonly secret: string;
  readonly requestId: string;
  readonly slot?: string;
}

/** One request; `slot` as above, with HTTPS. */
export interface RequestCommand {
  readonly kind: 'request';
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly slot?: string;
  readonly from?: { readonly address: string; readonly port?: number };
}

/** Opens a connection, sends bytes (base64), and returns what was received until it ended. */
export interface DialCommand {
  readonly kind: 'dial';
  readonly to: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly bytes?: string;
}

export type ReadAnswer =
  | { readonly value: string }
  | {
      readonly code: string;
      readonly status?: number | undefined;
      readonly innerCode?: string | undefined;
      readonly message: string;
    };

export type RequestAnswer =
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: string;
      readonly reused: boolean;
      readonly localPort: number | undefined;
    }
  | { readonly code: string };

export interface DialAnswer {
  readonly connected: boolean;
  /** Base64. */
  readonly received: string;
  /** `end`, the error's code, or `silence`. */
  readonly ended: string;
}

export interface RunAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longer than the vault waits for a handshake: what is still silent then was let in. */
const dialTimeoutMs = 15_000;

let credential: ClientSecretCredential | undefined;
let current: { readonly requestId: string; readonly agent: Agent } = { requestId: '', agent: new Agent() };
/**
 * The requests of a command carry its id, to find them in the audit log, and use a connection of the command's choice,
 * because clients share theirs. No retries, so that each refusal is seen.
 */
const clientOptions: SecretClientOptions = {
  retryOptions: { maxRetries: 0 },
  additionalPolicies: [
    {
      position: 'perRetry',
      policy: {
        name: 'ofTheCommand',
        sendRequest(outgoing, next) {
          outgoing.headers.set('x-ms-client-request-id', current.requestId);
          outgoing.agent = current.agent;
          return next(outgoing);
        },
      },
    },
  ],
};
const agents = new Map<string, Agent>();

function answer(command: Command): object | Promise<object> {
  switch (command.kind) {
    case 'application':
      credential = credentialOf(command.application);
      return {};
    case 'read':
      return read(command);
    case 'request':
      return send(command);
    case 'dial':
      return dial(command);
    default:
      return run(command.command);
  }
}

function credentialOf({ tenantId, clientId, clientSecret, authorityHost }: Application): ClientSecretCredential {
  const options = { authorityHost, disableInstanceDiscovery: true };
  return new ClientSecretCredential(tenantId, clientId, clientSecret, options);
}

async function read({ vaultUrl, secret, requestId, slot }: ReadCommand): Promise<ReadAnswer> {
  if (credential === undefined) throw new Error('the workload has no application yet');
  const client = new SecretClient(vaultUrl, credential, clientOptions);
  current = { requestId, agent: agentOf(slot) };
  try {
    const { value = '' } = await client.getSecret(secret);
    return { value };
  } catch (error) {
    return refusalOf(error);
  }
}

/** The client's view of Azure's error envelope. */
function refusalOf(error: unknown): ReadAnswer {
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error ? String(error.code) : error.name;
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  const details = 'details' in error ? JSON.stringify(error.details) : '';
  const [, innerCode] = /"innerError":\{"code":"(\w+)"/.exec(details) ?? [];
  return { code, status, innerCode, message: error.message };
}

function send({ url, method = 'GET', headers = {}, body, slot, from }: RequestCommand): Promise<RequestAnswer> {
  const [begin, agent] = url.startsWith('https:') ? [request, agentOf(slot)] : [requestInClear, false];
  return new Promise((resolve) => {
    const outgoing = begin(
      url,
      {
        method,
        agent,
        headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
        ...(from && { localAddress: from.address, ...(from.port !== undefined && { localPort: from.port }) }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        const { localPort } = incoming.socket;
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', failed);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const reused = outgoing.reusedSocket;
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text, reused, localPort });
        });
      },
    );
    const failed = (error: Error): void => resolve({ code: codeOf(error) });
    outgoing.on('error', failed);
    outgoing.end(body);
  });
}

async function dial({ to, bytes = '' }: DialCommand): Promise<DialAnswer> {
  const options: NetConnectOpts = to;
  const socket = connect(options);
  const chunks: Buffer[] = [];
  let connected = false;
  let ended = 'end';
  socket.on('connect', () => {
    connected = true;
    socket.write(Buffer.from(bytes, 'base64'));
  });
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', (error) => (ended = codeOf(error)));
  socket.setTimeout(dialTimeoutMs, () => {
    ended = 'silence';
    socket.destroy();
  });
  await new Promise((resolve) => {
    socket.once('close', resolve);
  });
  return { connected, received: Buffer.concat(chunks).toString('base64'), ended };
}

/** Keeps one connection for each slot, and none without a slot. */
function agentOf(slot: string | undefined): Agent {
  if (slot === undefined) return new Agent({ keepAlive: false });
  const agent = agents.get(slot) ?? new Agent({ keepAlive: true, maxSockets: 1 });
  agents.set(slot, agent);
  return agent;
}

function run([program = '', ...parameters]: readonly string[]): Promise<RunAnswer> {
  return new Promise((resolve) => {
    execFile(program, parameters, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ exitCode, stdout, stderr: exitCode === 127 ? `${stderr}${error?.message ?? ''}` : stderr });
    });
  });
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

process.stdout.write(`${JSON.stringify({ uid: process.getuid?.() })}\n`);
let last = Promise.resolve();
// In order, but without waiting in the loop: when the input ends, no answer is needed any more.
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  last = last.then(async () => void process.stdout.write(`${JSON.stringify(await answer(command))}\n`));
}
