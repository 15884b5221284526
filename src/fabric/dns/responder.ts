import { createSocket } from 'node:dgram';
import { once, type EventEmitter } from 'node:events';
import { createServer } from 'node:net';
import { answerMessage } from './answers.ts';
import { serveTcp, usualLimits } from './tcp.ts';

/**
 * The responder of names, a process of its own in the internet of the fabric: the only name server that a workload can
 * reach. It has no state, so that it goes on when the reconciler ends.
 */
const port = 53;

/** Where to listen, the namespace, and the uid to change to. */
const [address = '', , uid] = process.argv.slice(2);

const udp = createSocket('udp4');
udp.on('message', (message, { address: to, port: toPort }) => {
  const answer = answerMessage(message);
  if (answer !== undefined) udp.send(answer, toPort, to, () => undefined);
});
udp.bind({ address, port });
await listening(udp);

const tcp = createServer({ noDelay: true }, serveTcp(usualLimits));
tcp.listen({ host: address, port });
await listening(tcp);

// Every name of the fabric depends on this process: an error of one socket must not end it.
for (const server of [udp, tcp]) server.on('error', () => undefined);

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
