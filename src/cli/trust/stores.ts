import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** An NSS database of the user's own, which a browser reads. */
export interface NssStore {
  readonly browser: string;
  readonly folder: string;
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** `*` is any folder. A browser from a snap or a flatpak has a home of its own. Paths are below the user's home. */
const places: readonly (readonly [browser: string, path: string])[] = [
  ['Chromium', '.pki/nssdb'],
  ['Chromium', '.local/share/pki/nssdb'],
  ['Chromium (snap)', 'snap/*/current/.pki/nssdb'],
  ['Chromium (snap)', 'snap/*/current/.local/share/pki/nssdb'],
  ['Chromium (flatpak)', '.var/app/*/.pki/nssdb'],
  ['Chromium (flatpak)', '.var/app/*/data/pki/nssdb'],
  ['Firefox', '.mozilla/firefox/*'],
  ['Firefox', '.config/mozilla/firefox/*'],
  ['Firefox (snap)', 'snap/firefox/common/.mozilla/firefox/*'],
  ['Firefox (flatpak)', '.var/app/org.mozilla.firefox/.mozilla/firefox/*'],
  ['Firefox (flatpak)', '.var/app/org.mozilla.firefox/config/mozilla/firefox/*'],
];

/** Where Chromium has its store, and makes it at its first start. */
export function chromiumFolder(): string {
  return join(homedir(), '.pki/nssdb');
}

/** The stores that exist, in the form that NSS has had since 2009 (`cert9.db`). */
export function findStores(): readonly NssStore[] {
  return places.flatMap(([browser, path]) =>
    foldersAt(homedir(), path.split('/')).flatMap((folder) => {
      const database = join(folder, 'cert9.db');
      if (!existsSync(database)) return [];
      const { uid, gid } = statSync(database);
      return [{ browser, folder, owner: { uid, gid } }];
    }),
  );
}

function foldersAt(folder: string, [name, ...rest]: readonly string[]): readonly string[] {
  if (name === undefined) return [folder];
  const names = name === '*' ? foldersIn(folder) : [name];
  return names.flatMap((each) => foldersAt(join(folder, each), rest));
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
