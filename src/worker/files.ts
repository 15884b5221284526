import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Gives the text of a file that the settings name. */
export type ReadFile = (path: string) => string;

/** What the supervisor has read counts: it may have had rights that this process has not. */
export function fileReader(read: Readonly<Record<string, string>>): ReadFile {
  const texts = new Map(Object.entries(read));
  return (path) => texts.get(path) ?? readFileSync(path, 'utf8');
}

/** Puts a file in the place of whatever lies there, a link or a FIFO too: readers find the old text or the new one. */
export function replaceFile(path: string, text: string, mode: number): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  const descriptor = openSync(unfinished, 'wx', mode);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, path);
}
