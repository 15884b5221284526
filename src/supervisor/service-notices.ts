import { spawn } from 'node:child_process';
import { executableIn } from './executable.ts';

/** The variables by which a service manager says how to reach it (sd_notify(3)); the worker does not get them. */
export const notifyVariables: readonly string[] = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

/** Notices to the service manager that started this process, such as systemd; without one, nothing is sent. */
export interface ServiceNotices {
  ready(): void;
  stopping(): void;
}

interface NoticeParts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly complain: (message: string) => void;
}

/**
 * Tells the service manager by `systemd-notify`: Node has no datagram sockets of the family AF_UNIX. From the beginning on it also
 * says, twice in each period that the manager asks for, that the supervisor's event loop runs.
 */
export function serviceNotices({ environment, pid, complain }: NoticeParts): ServiceNotices {
  const { NOTIFY_SOCKET: socket, PATH: searchPath = '' } = environment;
  if (socket === undefined || socket === '') return { ready: () => undefined, stopping: () => undefined };
  const program = executableIn(searchPath, 'systemd-notify');
  if (program === undefined) {
    complain('NOTIFY_SOCKET is set, but systemd-notify was not found on PATH, so the service manager is told nothing.');
    return { ready: () => undefined, stopping: () => undefined };
  }
  const send = (...words: readonly string[]): void => {
    const child = spawn(program, words, { env: { NOTIFY_SOCKET: socket }, stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', (error) => complain(`systemd-notify: ${error.message}`));
  };
  const everyMs = watchdogMs(environment, pid);
  if (everyMs !== undefined) setInterval(() => send('WATCHDOG=1'), everyMs).unref();
  return { ready: () => send('--ready'), stopping: () => send('--stopping') };
}

/** Half of the period in which the manager wants to hear from this process; `undefined`: it does not (sd_watchdog_enabled(3)). */
export function watchdogMs(
  { WATCHDOG_USEC: period, WATCHDOG_PID: of }: NoticeParts['environment'],
  pid: number,
): number | undefined {
  if (period === undefined || !/^[1-9]\d{3,15}$/.test(period)) return undefined;
  if (of !== undefined && of !== String(pid)) return undefined;
  // A timer of Node's has at most 2^31 - 1 ms.
  return Math.min(Math.max(Math.floor(Number(period) / 2_000), 1), 2 ** 31 - 1);
}
