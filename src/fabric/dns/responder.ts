import { createSocket } from 'node:dgram';
import { once, type EventEmitter } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { answerMessage } from './answers.ts';
import { frame, unframe } from './framing.ts';

/**
 * The responder of names, a process of its own in the internet of the fabric: the only name server that a workload can
 * reach. It has no state, so that it goes on when the reconciler ends.
 */
const port = 53;
const tcpConnectionsMax = 256;
const tcpIdleMs = 5_000;

/** Where to listen, the namespace, and the uid to change to. */
const [address = '', , uid] = process.argv.slice(2);

const udp = createSocket('udp4');
udp.on('message', (message, { address: to, port: toPort }) => {
  const answer = answerMessage(message);
  if (answer !== undefined) udp.send(answer, toPort, to, () => undefined);
});
udp.bind({ address, port });
await listening(udp);

const tcp = createServer({ noDelay: true }, serve);
tcp.maxConnections = tcpConnectionsMax;
tcp.listen({ host: address, port });
await listening(tcp);

// The ports are taken, and nothing else takes rights. A user namespace has no other uid.
if (uid !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(Number(uid));
  process.setuid?.(Number(uid));
}
// The reconciler does not read further, and may have ended when one of these fails.
process.stdout.on('error', () => undefined);
process.stdout.write('ready\n');

async function listening(server: EventEmitter): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    throw error;
  }
}

function serve(socket: Socket): void {
  let received: Uint8Array = new Uint8Array();
  socket.setTimeout(tcpIdleMs, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    const { messages, rest, tooLong } = unframe(Buffer.concat([received, chunk]));
    received = rest;
    for (const message of messages) {
      const answer = answerMessage(message);
      if (answer === undefined) socket.destroy();
      else socket.write(frame(answer));
    }
    if (tooLong) socket.destroy();
  });
}
