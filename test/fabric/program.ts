/**
 * A program of a test, which `postern exec` runs: it knows nothing of Postern, and names Azure's own hosts. It executes
 * commands, one on each line of standard input, in JSON, each answered by one line, and ends with its input.
 */
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Agent, request } from 'node:https';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { SecretClient } from '@azure/keyvault-secrets';

/** Reads a secret with the official client, as whom `DefaultAzureCredential` finds. */
export interface ReadCommand {
  readonly kind: 'read';
  readonly vault: string;
  readonly secret: string;
  /** Which tenant's token to show: the one that the vault asks for, or, as services of Azure do, the caller's own. */
  readonly tenant: 'of the vault' | 'own';
}

/** Answers each TCP connection and datagram at these ports: who hears it, and the address that it comes from. */
export interface ListenCommand {
  readonly kind: 'listen';
  readonly name: string;
  readonly address: string;
  readonly ports: readonly number[];
}

export interface AskCommand {
  readonly kind: 'ask';
  readonly protocol: 'tcp' | 'udp';
  readonly to: string;
  readonly port: number;
}

/** Reads a secret again and again over a connection that stays open, until `endLoop`. */
export interface LoopCommand {
  readonly kind: 'loop';
  readonly vault: string;
  readonly secret: string;
}

export type Command = ReadCommand | ListenCommand | AskCommand | LoopCommand | { readonly kind: 'endLoop' };

/** With the id of the request, by which the audit log has it. */
export type ReadAnswer =
  | { readonly requestId: string; readonly value: string }
  | {
      readonly requestId: string;
      readonly status?: number | undefined;
      readonly code: string;
      readonly innerCode?: string | undefined;
      readonly message: string;
    };

/** A request of a loop, with the times at which it was sent and had ended. */
export interface Looped {
  readonly requestId: string;
  readonly sentAtMs: number;
  readonly endedAtMs: number;
  readonly reused: boolean;
  /** The HTTP status, or the error of the connection. */
  readonly result: number | string;
}

/** As long as a packet that is dropped is waited for. */
const patienceMs = 1_000;
const clients = new Map<string, SecretClient>();
let looping: { readonly stop: AbortController; readonly ended: Promise<readonly Looped[]> } | undefined;

async function read({ vault, secret, tenant }: ReadCommand): Promise<ReadAnswer> {
  const client = clients.get(vault) ?? (await clientOf(vault, tenant));
  clients.set(vault, client);
  let requestId = '';
  const onResponse = ({ request: sent }: { readonly request: { readonly requestId: string } }) => {
    requestId = sent.requestId;
  };
  try {
    const { value = '' } = await client.getSecret(secret, { onResponse });
    return { requestId, value };
  } catch (error) {
    return { requestId, ...refusalOf(error) };
  }
}

/** The programs that read nothing start faster without the clients. */
async function clientOf(vault: string, tenant: ReadCommand['tenant']): Promise<SecretClient> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  const secrets = await import('@azure/keyvault-secrets');
  const credential = new DefaultAzureCredential();
  const own = { getToken: (scopes: string | string[]) => credential.getToken(scopes) };
  return new secrets.SecretClient(`https://${vault}.vault.azure.net`, tenant === 'own' ? own : credential);
}

function refusalOf(error: unknown) {
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error ? String(error.code) : error.name;
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  const details = 'details' in error ? JSON.stringify(error.details) : '';
  const [, innerCode] = /"innerError":\{"code":"(\w+)"/.exec(details) ?? [];
  return { code, status, innerCode, message: error.message };
}

async function listen({ name, address, ports }: ListenCommand): Promise<string> {
  for (const port of ports) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(`${name} sees ${socket.remoteAddress}`);
    });
    await new Promise<void>((resolve) => {
      server.listen(port, address, resolve);
    });
    server.unref();
    const answerer = createSocket('udp4').unref();
    answerer.on('message', (_, { address: from, port: to }) => answerer.send(`${name} sees ${from}`, to, from));
    await new Promise<void>((resolve) => {
      answerer.bind(port, address, resolve);
    });
  }
  return 'listening';
}

function ask({ protocol, to, port }: AskCommand): Promise<string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    let connected = false;
    if (protocol === 'tcp') {
      const socket = connect({ host: to, port });
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('connect', () => (connected = true));
      socket.once('error', failed);
      setTimeout(() => socket.destroy(), patienceMs);
    } else {
      const socket = createSocket('udp4');
      socket.once('message', (data) => resolve(data.toString()));
      socket.on('error', failed);
      socket.send('?', port, to);
      setTimeout(() => socket.close(), patienceMs);
    }
    setTimeout(() => resolve(connected ? 'connected' : 'nothing'), patienceMs);
  });
}

/** Returns once the first request has been answered. */
async function loop(command: LoopCommand): Promise<string> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  const { token } = await new DefaultAzureCredential().getToken('https://vault.azure.net/.default');
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = new AbortController();
  looping = { stop, ended: readAgain(command, { token, stop: stop.signal, begun: resolve }) };
  await promise;
  return 'looping';
}

interface Loop {
  readonly token: string;
  readonly stop: AbortSignal;
  readonly begun: () => void;
}

async function readAgain(command: LoopCommand, { token, stop, begun }: Loop): Promise<readonly Looped[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const all: Looped[] = [];
  while (!stop.aborted) {
    all.push(await readOnce(command, { agent, token, requestId: randomUUID() }));
    begun();
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  agent.destroy();
  return all;
}

function readOnce(
  { vault, secret }: LoopCommand,
  { agent, token, requestId }: { readonly agent: Agent; readonly token: string; readonly requestId: string },
): Promise<Looped> {
  const sentAtMs = Date.now();
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}`, 'x-ms-client-request-id': requestId };
    const url = `https://${vault}.vault.azure.net/secrets/${secret}?api-version=7.4`;
    const outgoing = request(url, { agent, headers, timeout: patienceMs });
    const ended = (result: number | string) =>
      resolve({ requestId, sentAtMs, endedAtMs: Date.now(), reused: outgoing.reusedSocket, result });
    outgoing.on('response', (incoming) => {
      incoming.resume();
      incoming.on('error', () => ended('cut'));
      incoming.on('end', () => ended(incoming.statusCode ?? 0));
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', (error: NodeJS.ErrnoException) => ended(error.code ?? error.message));
    outgoing.end();
  });
}

async function endLoop(): Promise<readonly Looped[]> {
  if (looping === undefined) return [];
  looping.stop.abort();
  return looping.ended;
}

function obey(command: Command): Promise<unknown> {
  if (command.kind === 'read') return read(command);
  if (command.kind === 'listen') return listen(command);
  if (command.kind === 'ask') return ask(command);
  if (command.kind === 'loop') return loop(command);
  return endLoop();
}

process.stdout.write('"ready"\n');
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const { id, command } = JSON.parse(line) as { readonly id: number; readonly command: Command };
  void obey(command).then((answer) => process.stdout.write(`${JSON.stringify({ id, answer })}\n`));
});
