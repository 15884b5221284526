// A server that greets whoever connects to the PORT of the command line.
import { createServer } from 'node:net';

createServer((socket) => socket.on('error', () => {}).end('hello\n')).listen(Number(process.argv[2]));
