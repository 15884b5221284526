import { once } from 'node:events';
import type { EventEmitter } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { basename } from 'node:path';
import type { PortState } from './observed.ts';

/** Far more than loopback takes; without it a packet that is lost is waited for. */
const timeoutMs = 2_000;

/** Whether a program can listen there now. */
export async function tryPort(port: number, address: string): Promise<PortState> {
  const server = createServer();
  const code = await failureOf(server.listen({ port, host: address, exclusive: true }), 'listening');
  server.close();
  if (code === undefined) return { is: 'free' };
  if (code === 'EADDRINUSE') return { is: 'taken', holder: holderOf(port) };
  return { is: code === 'EACCES' ? 'forbidden' : 'without address' };
}

/** Whether a program can listen at this address, and be reached there: an interface that is down keeps its addresses. */
export async function tryAddress(host: string): Promise<boolean> {
  const server = createServer((socket) => socket.destroy());
  const code = await failureOf(server.listen({ port: 0, host }), 'listening');
  const bound = server.address();
  if (code !== undefined || bound === null || typeof bound === 'string') return false;
  const client = createConnection({ port: bound.port, host });
  client.setTimeout(timeoutMs, () => client.destroy(new Error('no answer')));
  const failure = await failureOf(client, 'connect');
  client.destroy();
  server.close();
  return failure === undefined;
}

/** The code of the error that comes instead of the event; `undefined`: the event came. */
async function failureOf(emitter: EventEmitter, event: string): Promise<string | undefined> {
  try {
    await once(emitter, event);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

interface Listening {
  readonly uid: string;
  readonly inode: string;
}

/** The process that listens on a port, as far as this user may see it (proc(5)). */
function holderOf(port: number): string {
  const found = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningIn(file, port))[0];
  if (found === undefined) return 'another process';
  const pid = namesIn('/proc').find((name) => /^\d+$/.test(name) && hasSocket(name, found.inode));
  if (pid === undefined) return `a process of the user ${found.uid}`;
  return `${basename(linkOf(`/proc/${pid}/exe`))} (process ${pid})`;
}

/** The listening sockets of a table of the kernel: columns local address, state 0A, uid and inode. */
function listeningIn(file: string, port: number): readonly Listening[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = readOr('', file).split('\n');
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , uid = '', , inode = ''] = row.trim().split(/\s+/);
    return local.endsWith(`:${hexPort}`) && state === '0A' ? [{ uid, inode }] : [];
  });
}

function hasSocket(pid: string, inode: string): boolean {
  return namesIn(`/proc/${pid}/fd`).some((name) => linkOf(`/proc/${pid}/fd/${name}`) === `socket:[${inode}]`);
}

/** Empty where the link is gone, or is not for this user to read. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readOr(otherwise: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
