import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** The path of a program in the search path; a relative folder there would be the working directory. */
export function executableIn(searchPath: string, name: string): string | undefined {
  return searchPath
    .split(':')
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
