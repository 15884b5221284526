/**
 * The program of a child process in another network namespace: binds addresses and ports there, and sends the sockets back.
 * Its first message is the list of places. The next socket is sent when the parent has answered that it has the last one:
 * Node crashes when several handles are under way on a channel.
 */
import { openTcp, sendWithSocket } from './raw-socket.ts';

let places: readonly Place[] = [];
let next = 0;

interface Place {
  readonly address: string;
  readonly port: number;
}

function sendNext(): void {
  const place = places[next];
  next += 1;
  if (place === undefined) return;
  const opened = openTcp(place.address, place.port);
  if (opened.ok) sendWithSocket(process, {}, opened.socket);
  else process.send?.({ code: opened.code });
}

function readPlaces(message: unknown): readonly Place[] {
  if (!Array.isArray(message)) return [];
  return message.map((place: unknown) => ({
    address: memberOf(place, 'address', String),
    port: memberOf(place, 'port', Number),
  }));
}

function memberOf<Member>(value: unknown, name: string, as: (member: unknown) => Member): Member {
  return as(typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined);
}

// Keeps the channel, and so this process, open until the other side has every socket and disconnects.
process.once('message', (message) => {
  places = readPlaces(message);
  process.on('message', sendNext);
  sendNext();
});
process.once('disconnect', () => undefined);
