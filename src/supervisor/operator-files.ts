import { readFileSync } from 'node:fs';
import { nextKeyFile } from '../settings/next-key-file.ts';
import type { Settings } from '../settings/settings.ts';
import { authorityFilesOf } from '../settings/store-config.ts';
import { canRedirect } from './redirectable-path.ts';
import type { User } from './worker-user.ts';

export type OperatorFiles =
  | { readonly ok: true; readonly files: Readonly<Record<string, string>> }
  | {
      readonly ok: false;
      /** A line for each file that cannot be read. */
      readonly message: string;
    };

/**
 * Reads the files that the settings name, by path, for a worker that may not read them itself. A file whose path the worker
 * controls is left for the worker to read: it may be a link to any file that root can read.
 */
export function readOperatorFiles(settings: Settings, worker: User | undefined): OperatorFiles {
  const files: Record<string, string> = {};
  const faults: string[] = [];
  // There is one only while the key is being changed.
  const next = settings.masterKeyFile === undefined ? undefined : nextKeyFile(settings.masterKeyFile);
  for (const [member, path] of [...named(settings), ['masterKeyFile', next] as const]) {
    if (path === undefined) continue;
    if (worker !== undefined && canRedirect(worker, path)) continue;
    try {
      files[path] = readFileSync(path, 'utf8');
    } catch (error) {
      if (path === next && error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
      const cause = error instanceof Error ? error.message : String(error);
      faults.push(`${member}: the file ${path} cannot be read: ${cause}.`);
    }
  }
  return faults.length === 0 ? { ok: true, files } : { ok: false, message: faults.join('\n') };
}

/** Each member that names a file, with the file. */
function named({ masterKeyFile, gateways, clients, store }: Settings) {
  const { clientCa, certificate, key } = gateways?.tls ?? {};
  return [
    ['masterKeyFile', masterKeyFile],
    ['store.passwordFile', store?.passwordFile],
    ['store.caFile', store?.caFile],
    ...authorityFilesOf(store),
    ['gateways.tls.clientCa', clientCa],
    ['gateways.tls.certificate', certificate],
    ['gateways.tls.key', key],
    ...clients.map((client, index) => [`clients[${index}].certificate`, client.certificate] as const),
  ] as const;
}
