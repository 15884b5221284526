import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Sizes as they are sent, gzipped. */
export interface BuiltBytes {
  /** All scripts. */
  readonly script: number;
  /** The scripts that `index.html` names, which a browser loads before anything is shown. */
  readonly firstScript: number;
  readonly style: number;
}

/** The bytes of a built page, of the folder with its `index.html`. A file's `.gz` beside it is what is sent of it. */
export function bytesOf(folder: string): BuiltBytes {
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const sum = (files: readonly string[]) => files.reduce((bytes, file) => bytes + sentBytes(join(folder, file)), 0);
  const scripts = globSync('**/*.js', { cwd: folder });
  return {
    script: sum(scripts),
    firstScript: sum(scripts.filter((file) => page.includes(file))),
    style: sum(globSync('**/*.css', { cwd: folder })),
  };
}

function sentBytes(file: string): number {
  const zipped = `${file}.gz`;
  return existsSync(zipped) ? readFileSync(zipped).length : gzipSync(readFileSync(file), { level: 9 }).length;
}
