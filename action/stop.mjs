// The last step of the GitHub Action, after all others of the job: stops the server, which answers what is in flight.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** More than the server takes. */
const patienceMs = 15_000;
const { STATE_pid: pid = '', STATE_program: program = '' } = process.env;

/** Whether the process is still the server: it may have ended, and its number be another's. */
const isServer = () => {
  try {
    return readFileSync(`/proc/${Number(pid)}/cmdline`, 'utf8')
      .split('\0')
      .includes(program);
  } catch {
    return false;
  }
};

if (program !== '' && isServer()) {
  process.kill(Number(pid), 'SIGTERM');
  for (const start = Date.now(); isServer() && Date.now() - start < patienceMs;) await sleep(50);
  if (isServer()) process.kill(Number(pid), 'SIGKILL');
}
