import { addVersion, changeVersion, deleteObject, purgeDeleted, recoverDeleted } from '../../src/objects/change.ts';
import type { Outcome, VaultScope } from '../../src/objects/object.ts';
import { newSecretVersion, updateSecretVersion } from '../../src/objects/secret.ts';
import type { SecretVersion } from '../../src/objects/secret.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';

export type Scope = VaultScope & { readonly store: Store };

export function scope(given: Partial<VaultScope> = {}): Scope {
  const store = given.store ?? memoryStore();
  return {
    name: 'kv',
    incarnation: 'i',
    subscriptionId: 's',
    location: 'westeurope',
    sku: 'standard',
    softDeleteRetentionInDays: 90,
    purgeProtection: false,
    transitionMs: 0,
    now: 0,
    require: [],
    ...given,
    store,
  };
}

/** Version ids in an order that is not that of their making, as random ones are. */
export function versionIds(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return ((count * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(4);
  };
}

/** Makes the change of an outcome; what was refused changes nothing. */
export async function commit<T>(vault: Scope, made: Promise<Outcome<T>>): Promise<Outcome<T>> {
  const outcome = await made;
  if (outcome.ok && outcome.change !== undefined) await vault.store.transact(outcome.change);
  return outcome;
}

/** What can be done to a secret, each as an outcome whose change is not made yet. Times are seconds. */
export const actions = {
  set: (vault: Scope, name: string, made: { readonly version: string; readonly now: number; readonly value: string }) =>
    addVersion(vault, 'secrets', { name, version: newSecretVersion({ value: made.value }, made) }),
  update: (
    vault: Scope,
    name: string,
    changed: { readonly version: string | undefined; readonly now: number; readonly contentType: string },
  ) =>
    changeVersion<SecretVersion>(vault, 'secrets', {
      name,
      version: changed.version,
      change: (before) => updateSecretVersion(before, { contentType: changed.contentType }, changed.now),
    }),
  delete: (vault: Scope, name: string, now: number) => deleteObject<SecretVersion>(vault, 'secrets', { name, now }),
  recover: (vault: Scope, name: string) => recoverDeleted<SecretVersion>(vault, 'secrets', name),
  purge: (vault: Scope, name: string) => purgeDeleted(vault, 'secrets', name),
};
