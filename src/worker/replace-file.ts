import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Readers find the old text or the new one. */
export function replaceFile(path: string, text: string): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, text, { flag: 'wx', mode: 0o644 });
  renameSync(unfinished, path);
}
