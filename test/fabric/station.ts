import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * A machine of a lab, inside its namespace. As a server it tells each caller which address it sees; as a client it
 * tells what the other end said.
 */
export type StationCommand =
  | { readonly kind: 'listen'; readonly address: string; readonly ports: readonly number[] }
  | {
      readonly kind: 'ask';
      readonly protocol: Protocol;
      readonly to: string;
      readonly port: number;
      readonly from?: string;
    }
  | { readonly kind: 'keep'; readonly to: string; readonly port: number }
  | { readonly kind: 'askKept' }
  /** Asks by UDP, and keeps the socket: what comes to it later is heard by `hear`. */
  | { readonly kind: 'keepUdp'; readonly to: string; readonly port: number }
  | { readonly kind: 'hear' }
  /** Answers the last one that asked by UDP once more. */
  | { readonly kind: 'answerAgain' };

export type Protocol = 'tcp' | 'udp';

const name = process.argv[2] ?? '';
/** As long as a packet that is dropped is waited for. */
const patienceMs = 700;
const keptUdp = createSocket('udp4');
/** Answers that came to it, until `hear` takes them: one may be here before the command that hears it. */
const heard: string[] = [];
const hearing = new EventEmitter();
keptUdp.on('message', (data) => {
  heard.push(data.toString());
  hearing.emit('heard');
});
let answerAgain: () => void = () => undefined;
let kept = connect({ port: 0, host: '127.0.0.1' }).on('error', () => undefined);

async function listen(address: string, ports: readonly number[]): Promise<string> {
  for (const port of ports) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(`${name} sees ${socket.remoteAddress}`));
    });
    await new Promise<void>((resolve) => {
      server.listen(port, address, resolve);
    });
    const answerer = createSocket('udp4');
    answerer.on('message', (_, { address: from, port: to }) => {
      answerAgain = () => answerer.send(`${name} sees ${from}`, to, from);
      answerAgain();
    });
    await new Promise<void>((resolve) => {
      answerer.bind(port, address, resolve);
    });
  }
  return 'listening';
}

function askTcp(to: string, port: number, from?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port, ...(from !== undefined && { localAddress: from }) });
    socket.on('connect', () => socket.write('?'));
    settle(socket, resolve);
    setTimeout(() => socket.destroy(), patienceMs).unref();
    socket.on('data', () => socket.destroy());
  });
}

function settle(socket: ReturnType<typeof connect>, resolve: (answer: string) => void): void {
  socket.once('data', (data) => resolve(data.toString()));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  setTimeout(() => resolve('nothing'), patienceMs);
}

function askUdp(to: string, port: number, from?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (answer: string) => {
      resolve(answer);
      clearTimeout(timer);
      socket.close();
    };
    const timer = setTimeout(() => end('nothing'), patienceMs);
    socket.on('message', (data) => end(data.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.bind(0, from ?? '0.0.0.0', () => socket.send('?', port, to));
  });
}

function keep(to: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    kept = connect({ host: to, port });
    kept.on('connect', () => kept.write('?'));
    kept.on('error', () => undefined);
    settle(kept, resolve);
  });
}

function askKept(): Promise<string> {
  return new Promise((resolve) => {
    settle(kept, resolve);
    kept.write('?');
  });
}

async function hear(): Promise<string> {
  if (heard.length === 0) {
    await once(hearing, 'heard', { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined);
  }
  return heard.shift() ?? 'nothing';
}

function keepUdp(to: string, port: number): Promise<string> {
  keptUdp.send('?', port, to);
  return hear();
}

function obey(command: StationCommand): Promise<string> {
  if (command.kind === 'listen') return listen(command.address, command.ports);
  if (command.kind === 'keep') return keep(command.to, command.port);
  if (command.kind === 'askKept') return askKept();
  if (command.kind === 'keepUdp') return keepUdp(command.to, command.port);
  if (command.kind === 'hear') return hear();
  if (command.kind === 'answerAgain') {
    answerAgain();
    return Promise.resolve('answered');
  }
  const { protocol, to, port, from } = command;
  return protocol === 'tcp' ? askTcp(to, port, from) : askUdp(to, port, from);
}

process.on('message', ({ id, command }: { readonly id: number; readonly command: StationCommand }) => {
  void obey(command).then((answer) => process.send?.({ id, answer }));
});
process.on('disconnect', () => process.disconnect?.());
process.send?.({ id: 0, answer: 'ready' });
