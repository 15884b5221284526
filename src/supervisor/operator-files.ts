import { readFileSync } from 'node:fs';
import { nextKeyFile } from '../settings/next-key-file.ts';
import type { Settings } from '../settings/settings.ts';
import { canRedirect } from './redirectable-path.ts';
import type { User } from './worker-user.ts';

export type OperatorFiles =
  | { readonly ok: true; readonly files: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly message: string };

/**
 * Reads the files that the settings name, by path, for a worker that may not read them itself. A file whose path the worker
 * controls is left for the worker to read: it may be a link to any file that root can read.
 */
export function readOperatorFiles(settings: Settings, worker: User | undefined): OperatorFiles {
  const files: Record<string, string> = {};
  // There is one only while the key is being changed.
  const next = settings.masterKeyFile === undefined ? undefined : nextKeyFile(settings.masterKeyFile);
  for (const path of [...named(settings), ...(next === undefined ? [] : [next])]) {
    if (worker !== undefined && canRedirect(worker, path)) continue;
    try {
      files[path] = readFileSync(path, 'utf8');
    } catch (error) {
      if (path === next && error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
      const cause = error instanceof Error ? error.message : String(error);
      return { ok: false, message: `The file ${path}, named in the configuration, cannot be read: ${cause}.` };
    }
  }
  return { ok: true, files };
}

function named({ masterKeyFile, gateways, clients }: Settings): readonly string[] {
  const { clientCa, certificate, key } = gateways?.tls ?? {};
  const paths = [masterKeyFile, clientCa, certificate, key, ...clients.map((client) => client.certificate)];
  return paths.filter((path) => path !== undefined);
}
