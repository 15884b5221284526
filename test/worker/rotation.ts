import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCommitMark } from '../../src/store/commit-counter.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { SealedStore } from '../../src/store/sealed.ts';
import type { Store } from '../../src/store/store.ts';
import { openKeyRotation } from '../../src/worker/key-rotation.ts';
import type { KeyRotation } from '../../src/worker/key-rotation.ts';
import { openMasterKeys } from '../../src/worker/master-key.ts';
import type { KeySettings } from '../../src/worker/master-key.ts';

export interface OpenedRotation {
  readonly store: SealedStore;
  readonly keys: KeyRotation;
  /** The audit records so far. */
  readonly records: readonly { readonly operationName: string; readonly properties: object }[];
  readonly notices: readonly string[];
  /** The id of the master key at the start. */
  readonly id: string;
}

/**
 * A store and the rotation of its keys, as a start opens them: the master key and the commit mark are in the folder, unless
 * `given` says otherwise of the key.
 */
export async function openRotation(
  folder: string,
  inner: Store,
  given: Partial<KeySettings> = {},
): Promise<OpenedRotation> {
  const settings = { masterKey: undefined, previousMasterKey: undefined, dataFolder: folder, ...given };
  const notices: string[] = [];
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const place = { entry: folder, readFile, notice: (message: string) => void notices.push(message) };
  const { masterKey, previous, settle } = openMasterKeys(settings, place);
  const replaced: string[] = [];
  const store = await openSealedStore({
    inner,
    masterKey,
    previousMasterKeys: previous,
    mark: await openCommitMark(join(folder, 'mark')),
    rotates: (from) => void replaced.push(...from),
  });
  settle();
  const records: OpenedRotation['records'][number][] = [];
  const keys = await openKeyRotation({
    settings,
    entry: folder,
    readFile,
    store,
    audit: {
      stage(record) {
        records.push(record);
        return { put: { key: `staged/${records.length}`, value: Buffer.from('1') } };
      },
      committed: () => undefined,
      failed: () => undefined,
    },
    signingKeys: { rotate: () => Promise.reject(new Error('there are none')) },
    identity: { tenantId: 'a0000000-0000-4000-8000-000000000001' },
    masterKey: { id: masterKey.id, replaced },
    now: Date.now,
  });
  return { store, keys, records, notices, id: masterKey.id };
}
