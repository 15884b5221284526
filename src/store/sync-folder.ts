import { closeSync, fsyncSync, openSync } from 'node:fs';

/** What was made, renamed or removed in a folder is durable once the folder is. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
