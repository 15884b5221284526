import { statSync } from 'node:fs';
import { CommandFailed } from './failed.ts';

const another = 'Start the server with "postern start", or name its data folder with --data DIR or POSTERN_DATA.';

/** The failure for a data folder, or a file in it, that cannot be read. */
export function unreadableFolder(folder: string, file: string, error: unknown): CommandFailed {
  const owner = ownerOf(folder);
  if (owner === undefined) return new CommandFailed(`There is no folder ${folder}.`, another, 'NoServer');
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' && owner !== process.geteuid?.()) {
    return anothersFolder(folder, owner);
  }
  if (code === 'ENOENT')
    return new CommandFailed(
      `${folder} is not the data folder of a server: ${file} is not there.`,
      another,
      'NoServer',
    );
  return new CommandFailed(
    `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    another,
  );
}

/** The failure for a data folder that only its owner, or root, can use. */
export function anothersFolder(folder: string, owner: number): CommandFailed {
  const instead = 'Run it as that user, or with sudo when root started the server.';
  return new CommandFailed(`${folder} belongs to another user, uid ${owner}.`, instead, 'NotOwner');
}

/** `undefined`: it is not there. One that another user keeps closed is there, as far as this one may know. */
function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid;
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    return isGone ? undefined : Number.NaN;
  }
}
