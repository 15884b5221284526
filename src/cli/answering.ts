import { createConnection } from 'node:net';
import type { Connection } from './connection.ts';

/** A server on this machine accepts at once; where another waits in front of it, the program is not kept. */
const patienceMs = 200;

/** Whether something accepts connections where the server should. */
export function isAnswering({ home, address }: Connection): Promise<boolean> {
  const { port } = new URL(home);
  const socket = createConnection({ host: address, port: port === '' ? 443 : Number(port) });
  return new Promise((settle) => {
    const end = (answers: boolean) => {
      socket.destroy();
      settle(answers);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(patienceMs, () => end(true));
  });
}
