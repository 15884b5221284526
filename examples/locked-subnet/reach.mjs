// Tries to open a connection to each HOST:PORT of the command line, and says which are reached within two seconds.
import { connect } from 'node:net';

function reaches(host, port) {
  const { promise, resolve } = Promise.withResolvers();
  const socket = connect({ host, port, timeout: 2000 });
  for (const [event, outcome] of [
    ['connect', 'reached'],
    ['timeout', 'no answer'],
    ['error', 'no answer'],
  ]) {
    socket.on(event, () => {
      socket.destroy();
      resolve(outcome);
    });
  }
  return promise;
}

const targets = process.argv.slice(2);
const outcomes = await Promise.all(targets.map((target) => reaches(...target.split(':'))));
for (const [index, target] of targets.entries()) console.log(`${target}: ${outcomes[index]}`);
