/** The program of a child process in another network namespace: binds a port on all addresses there and sends the socket back. */
import { openTcp, sendWithSocket } from './raw-socket.ts';

const opened = openTcp('0.0.0.0', Number(process.argv[2]));
if (opened.ok) sendWithSocket(process, {}, opened.socket);
else process.send?.({ code: opened.code });
// Keeps the channel, and so this process, open until the other side has the socket and disconnects.
process.once('disconnect', () => undefined);
