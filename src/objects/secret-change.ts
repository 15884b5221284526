import { decode } from '../store/store.ts';
import { certificateKeys } from './certificate.ts';
import { objectKeys, refused } from './object.ts';
import type { ObjectRecord, Outcome, VaultScope } from './object.ts';
import type { SecretVersion } from './secret.ts';

/**
 * Finds out whether a secret, living or deleted, may be changed by `operation`: that of a certificate may not. Gives the
 * scope in which it must still be as it was seen.
 */
export async function secretToChange(vault: VaultScope, name: string, operation: string): Promise<Outcome<VaultScope>> {
  const keys = objectKeys(vault, 'secrets');
  // The name of a certificate that is not issued yet is taken, too.
  const get = [keys.current(name), keys.deleted(name), certificateKeys(vault).current(name)];
  const records = await vault.store.read({ require: vault.require, get });
  const [current, deleted, certificate] = records;
  const record = current ?? deleted;
  // Of a deleted object that was purged, only the name is left for a while.
  const version = record === undefined ? undefined : decode<Partial<ObjectRecord<SecretVersion>>>(record).current;
  if (version?.managed === true || certificate !== undefined) return refused({ kind: 'secretManaged', operation });
  const seen = get.map((key, index) => ({ key, version: records[index]?.version ?? null }));
  return { ok: true, value: { ...vault, require: [...vault.require, ...seen] } };
}
