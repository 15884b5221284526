/** A process of its own, started inside a network namespace: binds a port on every address there and sends it home. */
import { openTcp, sendWithSocket } from './raw-socket.ts';

const opened = openTcp('0.0.0.0', Number(process.argv[2]));
if (opened.ok) sendWithSocket(process, {}, opened.socket);
else process.send?.({ code: opened.code });
// Keeps the channel, and with it this process, open until the other side has the socket and disconnects.
process.once('disconnect', () => undefined);
