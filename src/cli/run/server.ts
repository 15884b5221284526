import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openedFolder, readConnection } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { readPlainFile } from '../plain-file.ts';
import { areLimitedTo } from './limited.ts';
import { cacheFolder, keptFile } from './roots.ts';

/** Only this domain leads nowhere but to this machine (RFC 6761 section 6.3). */
const ownDomain = 'localhost';

/**
 * The connection for a program. A folder that belongs to another user (the worker, where root started the server) may
 * hold anything, while the program trusts its authority and its names. They are then copies of what was checked, which
 * that user can change no more, and lead to this machine only.
 * @throws {CommandFailed} when they could lead elsewhere
 */
export function readServer(data: string): Connection {
  const own = process.geteuid?.();
  const opened = openedFolder(data);
  const { uid, path } = own === undefined ? { ...opened, uid: own } : opened;
  const connection = readConnection(data, opened);
  return uid === own ? connection : checkedCopy(connection, { data, path, uid });
}

interface ForeignFolder {
  readonly data: string;
  readonly path: string;
  readonly uid: number | undefined;
}

function checkedCopy(connection: Connection, { data, path, uid }: ForeignFolder): Connection {
  const asOwner = `Run it as that user: setpriv --reuid=${uid} --regid=${uid} --clear-groups postern run ...`;
  const refused = (why: string) =>
    new CommandFailed(`${data} belongs to another user, uid ${uid}, and ${why}`, asOwner);
  const domain = new URL(connection.home).hostname;
  const suffix = connection.vaultSuffix.replace(/:\d+$/, '');
  if (process.geteuid?.() !== 0) throw refused('could lead a program of yours elsewhere.');
  if (domain !== ownDomain || suffix !== `.vault.${ownDomain}`) throw refused(`its names are not below ${ownDomain}.`);
  try {
    const authorities = readPlainFile(join(path, 'ca.pem'), uid);
    if (!areLimitedTo(domain, authorities)) throw refused(`its authority is not limited to ${domain}.`);
    const names = namesIn(readPlainFile(join(path, 'hosts'), uid), domain);
    const lines = names.map((name) => `${connection.address} ${name}\n`);
    const hosts = `${readFileSync('/etc/hosts', 'utf8').trimEnd()}\n${lines.join('')}`;
    const kept = cacheFolder('servers', connection.dataDir);
    const caFile = keptFile(kept, { source: authorities, extension: '.pem' });
    return { ...connection, caFile, hostsFile: keptFile(kept, { source: hosts, extension: '.hosts' }) };
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw refused(`cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** The names of the server and of its vaults in a hosts file; whatever else is there is left out. */
function namesIn(hosts: string, domain: string): readonly string[] {
  const names = hosts.split('\n').map((line) => line.split(/\s+/)[1] ?? '');
  const ofVault = /^[a-z\d-]{1,63}\.vault\.localhost$/;
  return [...new Set([domain, ...names.filter((name) => ofVault.test(name))])];
}
