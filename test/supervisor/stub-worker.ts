/**
 * A worker that answers each connection with its pid and configuration, so that tests can observe the supervisor. It
 * is a separate program, started by the supervisor; STUB says how it misbehaves.
 */
import { existsSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Settings } from '../../src/settings/settings.ts';
import type { FromWorker, Binding, Listener, ToWorker } from '../../src/types/supervision.ts';

const misbehaviour = process.env['STUB'];
const servers = new Map<string, Server>();
let outstanding = 0;
let line = '';
/** Those that this worker was started with. */
let bindings: readonly Binding[] = [];

if (misbehaviour === 'dies') process.kill(process.pid, 'SIGKILL');
/** A file: while it exists, no worker can start. */
const obstacle = process.env['STUB_OBSTACLE'];

process.on('message', (message: ToWorker<Settings>, handle: object | undefined) => {
  if (message.kind === 'start') {
    const { settings, become, listeners, controlSocket } = message;
    bindings = message.bindings;
    const { port, masterKey, dataFolder } = settings;
    process.chdir(message.folder.entry);
    const environment = Object.keys(process.env).filter((name) => name.startsWith('POSTERN_'));
    line = JSON.stringify({
      pid: process.pid,
      port,
      masterKey,
      dataFolder,
      become,
      listeners,
      controlSocket,
      environment,
      folder: process.cwd(),
    });
    outstanding = listeners;
    if (misbehaviour === 'garbage') writeSync(3, '{no message}\n');
    if (misbehaviour === 'acknowledgement')
      for (let time = 0; time < 9; time += 1) process.send?.({ cmd: 'NODE_HANDLE_ACK' });
    if (obstacle !== undefined && existsSync(obstacle)) {
      tell({ kind: 'fatal', message: 'the disk is full' });
      return;
    }
    if (misbehaviour === 'fatal') tell({ kind: 'fatal', message: 'the master key is wrong' });
  }
  if (message.kind === 'listener' && handle !== undefined) listen(message.listener, handle);
  if (message.kind === 'bind') tell(answerTo(message.binding));
  if (message.kind === 'unbind') tell({ kind: 'closed', id: message.id });
  if (message.kind === 'close') {
    servers.get(message.id)?.close();
    tell({ kind: 'closed', id: message.id });
  }
  if (message.kind === 'ping') tell({ kind: 'pong' });
  if (message.kind === 'stop' && misbehaviour !== 'stubborn') process.disconnect?.();
});
// Nothing else keeps this process running.
process.on('disconnect', () => {
  for (const server of servers.values()) server.close();
});

/** A header `unknown` belongs to no identity, and a subnet `missing` is not there. */
function answerTo(binding: Binding): FromWorker {
  const { id } = binding;
  if ('tokenDigest' in binding && binding.subnet.endsWith('/missing'))
    return { kind: 'refused', id, message: 'there is no such subnet' };
  const isUnknown = 'identityHeader' in binding && binding.identityHeader === 'unknown';
  return isUnknown ? { kind: 'refused', id, message: 'no identity' } : { kind: 'bound', id };
}

function listen(listener: Listener, handle: object): void {
  const isOfSubnet = listener.kind === 'subnet' || listener.kind === 'metadata';
  if (isOfSubnet && listener.subnet.endsWith('/missing')) {
    tell({ kind: 'refused', id: listener.id, message: 'there is no such subnet' });
    return;
  }
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (misbehaviour === 'gives connections away') {
      process.send?.({ kind: 'pong' } satisfies FromWorker, socket);
      return;
    }
    socket.end(JSON.stringify({ pid: process.pid, remoteAddress: socket.remoteAddress, listener, bindings }));
  });
  server.listen(handle, () => {
    servers.set(listener.id, server);
    // The first worker invents an incarnation; later ones must be given the same.
    const incarnation = isOfSubnet ? (listener.incarnation ?? `made by ${process.pid}`) : undefined;
    tell({ kind: 'bound', id: listener.id, ...(incarnation !== undefined && { incarnation }) });
    outstanding -= 1;
    if (outstanding === 0) tell({ kind: 'ready', line, text: `text of ${process.pid}` });
  });
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
