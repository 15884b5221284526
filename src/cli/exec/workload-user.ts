import { CommandFailed } from '../failed.ts';

/** The user as which a workload runs. */
export interface WorkloadUser {
  readonly uid: number;
  readonly gid: number;
  /**
   * How the workload comes to it: it is the one that called; sudo's caller, for whom root calls; or one of the pool,
   * which no account has and to which root must give everything that it may see.
   */
  readonly kind: 'caller' | 'sudo' | 'pool';
  /** The account, as the system's file has it. */
  readonly account: Account | undefined;
}

export interface Account {
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

interface Calling {
  readonly uid: number;
  readonly gid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The uid that the fabric offers. */
  readonly poolUid: number | undefined;
  /** The contents of `/etc/passwd`. */
  readonly passwd: string;
}

/**
 * The user of a workload: the caller, also the one who called sudo; for root itself one of the pool.
 * @throws {CommandFailed} when root calls and there is no other uid
 */
export function workloadUser({ uid, gid, environment, poolUid, passwd }: Calling): WorkloadUser {
  if (uid !== 0) return { uid, gid, kind: 'caller', account: accountOf(uid, passwd) };
  const [sudoUid, sudoGid] = [readId(environment['SUDO_UID']), readId(environment['SUDO_GID'])];
  if (sudoUid !== undefined && sudoGid !== undefined) {
    return { uid: sudoUid, gid: sudoGid, kind: 'sudo', account: accountOf(sudoUid, passwd) };
  }
  if (poolUid === undefined || !isUnprivileged(poolUid)) {
    throw new CommandFailed(
      'The fabric offers no uid for a workload of root.',
      'Start it again with "sudo postern net up", or run the command with sudo as an ordinary user.',
    );
  }
  return { uid: poolUid, gid: poolUid, kind: 'pool', account: undefined };
}

/** Sudo sets it to the id of who called; root's own is not one to run as. */
function readId(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return undefined;
  return isUnprivileged(Number(value)) ? Number(value) : undefined;
}

/** The last two uids stand for "no change" in system calls. */
function isUnprivileged(id: number): boolean {
  return Number.isInteger(id) && id > 0 && id < 2 ** 32 - 2;
}

/** The homes of accounts below folders of homes; those of services are folders of the system. */
export function homesOf(passwd: string): readonly string[] {
  const homes = passwd.split('\n').map((line) => line.split(':')[5] ?? '');
  return homes.filter((home) => /^\/(?:home\/|root$)/.test(home));
}

function accountOf(uid: number, passwd: string): Account | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => id === String(uid));
  if (fields === undefined) return undefined;
  const [name = '', , , , , home = '/', shell = ''] = fields;
  return { name, home, shell: shell === '' ? '/bin/sh' : shell };
}
