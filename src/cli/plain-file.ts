import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

const mostBytes = 16 * 1024 * 1024;

/**
 * The contents of a file in a folder where another user may write: of no link, which may lead to a file that only this
 * user can read, and of no FIFO or device, which may never end.
 * @param owner the uid that the file must have
 */
export function readPlainFile(path: string, owner?: number): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile() || found.nlink !== 1 || found.size > mostBytes) throw new Error('it is not a plain file');
    if (owner !== undefined && found.uid !== owner) throw new Error(`it belongs to uid ${found.uid}, not to ${owner}`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
