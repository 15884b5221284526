import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Returns the contents of a file in the settings. */
export type ReadFile = (path: string) => string;

/** Prefers what the supervisor has read: it may have had rights that this process does not have. */
export function fileReader(read: Readonly<Record<string, string>>): ReadFile {
  const contents = new Map(Object.entries(read));
  return (path) => contents.get(path) ?? readFileSync(path, 'utf8');
}

/** Replaces whatever is at the path, also a link or a FIFO: readers see either the old contents or the new. */
export function replaceFile(path: string, contents: string, mode: number): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  const descriptor = openSync(unfinished, 'wx', mode);
  try {
    writeFileSync(descriptor, contents);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, path);
}
