import { execFileSync } from 'node:child_process';

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

let identity: Identity | undefined;

/** PostgreSQL refuses root: as root, its programs run as Debian's user `postgres`. */
export function identityOf(): Identity {
  identity ??= process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  return identity;
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }));
}
