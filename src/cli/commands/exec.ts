import { lstatSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConnection } from '../connection.ts';
import type { ProgramIdentity } from '../connection.ts';
import type { Command, Given, Options, Outcome } from '../command.ts';
import { join as joinFabric } from '../exec/join.ts';
import type { JoinRequest } from '../exec/join.ts';
import { findPrograms, whyNoFilter } from '../exec/programs.ts';
import { controlSocketOf, placeOf } from '../../fabric/place.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { identityNamed } from '../run/identity.ts';

export const exec: Command = {
  name: 'exec',
  synopsis:
    'Runs a program without privileges in a subnet, or as a host on the internet, where it finds Azure by its own names.',
  options: {
    subnet: 'subnet that the program is in, as VNET/SUBNET or its ARM id',
    address: 'its address; if left out, a free one of the subnet',
    as: 'name of the managed identity (default developer)',
    folder: { help: 'folder in which the program works (default the current one)', takes: 'folder' },
  },
  required: [],
  flags: {
    internet: 'the program is a host on the internet with this --address',
    declared: 'the program only says that it is in the subnet, which works without namespaces and is not enforced',
    json: 'failures as JSON; the output is that of the program',
  },
  operands: 'COMMAND',
  async run({ data = 'postern-data', folder = '.', ...options }, { flags, operands }) {
    if (flags.has('declared')) return declare({ ...options, data, folder }, { flags, operands });
    const request = requestOf(options, flags);
    const programs = findPrograms();
    const dataFolder = realFolder(
      data,
      'Start the server with "postern start", or give its data folder with --data DIR.',
    );
    const workingFolder = folderToWorkIn(folder);
    const path = socketOf(dataFolder);
    const isFiltered = checkFilter(programs.setpriv);
    const identity = request.join === 'subnet' ? identityFor(data, options['as']) : undefined;
    const identityHeader = identity?.identityHeader;
    // The launcher is loaded while the fabric makes the place.
    const [joined, { prepare }, { launch }, { workloadFilter }] = await Promise.all([
      joinFabric(path, { ...request, ...(identityHeader !== undefined && { identityHeader }) }),
      import('../exec/prepare.ts'),
      import('../exec/launch.ts'),
      import('../exec/workload-filter.ts'),
    ]);
    const prepared = await prepare(joined, {
      dataFolder,
      folder: workingFolder,
      clientId: identity?.clientId,
      command: operands,
      inherited: process.env,
    });
    return launch({ programs, filter: isFiltered ? workloadFilter(process.arch) : undefined, ...prepared });
  },
};

async function declare(
  { data = '', folder = '.', subnet, address, as }: Options,
  { flags, operands: command }: Given,
): Promise<Outcome> {
  if (flags.has('internet') || subnet === undefined) {
    const hint = 'Give --declared --subnet VNET/SUBNET, without --internet.';
    throw new WrongUsage('--declared needs a --subnet.', hint);
  }
  const dataFolder = resolve(data);
  process.chdir(folderToWorkIn(folder));
  // The other ways do not need what it loads: an HTTPS client.
  const { runDeclared } = await import('../exec/declared.ts');
  return { output: '', exitStatus: await runDeclared({ data: dataFolder, subnet, address, as, command }) };
}

function requestOf({ subnet, address, as }: Options, flags: ReadonlySet<string>): JoinRequest {
  const { pid } = process;
  if (!flags.has('internet')) {
    if (subnet !== undefined) return { join: 'subnet', subnet, ...(address !== undefined && { address }), pid };
    throw new WrongUsage('--subnet is missing.', 'Give --subnet VNET/SUBNET, or --internet --address ADDRESS.');
  }
  if (subnet !== undefined) throw new WrongUsage('A program is in a --subnet or on the --internet, not both.');
  if (as !== undefined) throw new WrongUsage('A host on the internet has no managed identity.', 'Leave --as out.');
  if (address === undefined) {
    throw new WrongUsage('--internet needs an --address.', 'Those of 203.0.113.0/25 are for such hosts.');
  }
  return { join: 'internet', address, pid };
}

/** A server may have no identity of the default name; the program then has none. */
function identityFor(data: string, as: string | undefined): ProgramIdentity | undefined {
  const connection = readConnection(data);
  if (as === undefined && connection.identities.every(({ name }) => name !== 'developer')) return undefined;
  return identityNamed(connection, as);
}

/** The socket of the fabric that this user started. */
function socketOf(dataFolder: string): string {
  const [own, owner] = [process.geteuid?.(), lstatSync(dataFolder).uid];
  if (own !== 0 && own !== owner) {
    throw new CommandFailed(
      `${dataFolder} belongs to another user, uid ${owner}, and so does its fabric.`,
      'Run it as that user, or with sudo when root started the server.',
    );
  }
  return controlSocketOf(placeOf(dataFolder, own === 0));
}

/**
 * Whether workloads have a filter of system calls. Those of root must: without it they type into root's terminal, and make
 * root's set-uid programs.
 */
function checkFilter(setpriv: string): boolean {
  const why = whyNoFilter(setpriv, process.arch);
  if (why === undefined) return true;
  if (process.geteuid?.() === 0) {
    const hint = 'Debian 13 has one that can. Or start the server, the networks and the program as an ordinary user.';
    throw new CommandFailed(`A workload of root needs a filter of system calls, and ${why}.`, hint);
  }
  process.stderr.write(`postern: the program has no filter of system calls: ${why}\n`);
  return false;
}

function folderToWorkIn(folder: string): string {
  const hint = 'Give a folder of yours with --folder DIR.';
  const path = realFolder(folder, hint);
  if (!statSync(path).isDirectory()) throw new CommandFailed(`${folder} is not a folder.`, hint);
  return path;
}

function realFolder(path: string, hint: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd') {
      throw new CommandFailed('The current folder was removed.', 'Change to one that is there.');
    }
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`${path} cannot be read: ${cause}`, hint);
  }
}
