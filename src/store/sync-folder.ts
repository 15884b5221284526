import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes durable what was created, renamed or removed in a folder. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
