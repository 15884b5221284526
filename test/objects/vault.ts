import { addVersion, changeVersion, deleteObject, purgeDeleted, recoverDeleted } from '../../src/objects/change.ts';
import type { Outcome, VaultScope } from '../../src/objects/object.ts';
import { purgeIfDue as due } from '../../src/objects/purge.ts';
import * as readings from '../../src/objects/read.ts';
import type { PageRequest } from '../../src/objects/read.ts';
import { newSecretVersion, updateSecretVersion } from '../../src/objects/secrets/secret.ts';
import { unmanagedState } from '../../src/objects/state.ts';
import type { ObjectState } from '../../src/objects/state.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { readAlone } from '../../src/store/records.ts';
import type { Reading } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';

export type Scope = VaultScope & { readonly store: Store };

export function scope(given: Partial<Scope> = {}): Scope {
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
    nowMs: 0,
    require: [],
    ...given,
    store,
  };
}

/** Version ids in an order that is not that of their creation, like random ones. */
export function versionIds(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return ((count * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(4);
  };
}

/** Commits the change of an outcome; a refusal changes nothing. */
export async function commit<T>(vault: Scope, made: Promise<Outcome<T>>): Promise<Outcome<T>> {
  const outcome = await made;
  if (outcome.ok && outcome.change !== undefined) await vault.store.transact(outcome.change);
  return outcome;
}

function run<T>(vault: Scope, reading: Reading<T>): Promise<T> {
  return readAlone(vault.store, vault.require, reading);
}

type Name = { readonly name: string; readonly version?: string | undefined };

export function getVersion(vault: Scope, collection: 'secrets', asked: Name) {
  return run(vault, readings.getVersion(vault, collection, asked));
}

export function getDeleted(vault: Scope, collection: 'secrets', name: string) {
  return run(vault, readings.getDeleted(vault, collection, name));
}

export function listObjects(vault: Scope, collection: 'secrets', page: PageRequest) {
  return run(vault, readings.listObjects(vault, collection, page));
}

export function listDeleted(vault: Scope, collection: 'secrets', page: PageRequest) {
  return run(vault, readings.listDeleted(vault, collection, page));
}

export function listVersions(vault: Scope, collection: 'secrets', asked: PageRequest & { readonly name: string }) {
  return run(vault, readings.listVersions(vault, collection, asked));
}

export function purgeIfDue(vault: Scope, collection: 'secrets', name: string) {
  return run(vault, due(vault, collection, { name, clear: (change) => vault.store.transact(change) }));
}

/** The state of a secret, if it may be changed. */
async function changed<T>(
  vault: Scope,
  asked: Name,
  change: (state: ObjectState<'secrets'>) => Outcome<T> | Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const state = await run(vault, unmanagedState(vault, 'secrets', { ...asked, operation: 'change' }));
  return state.ok ? change(state.value) : state;
}

/** Everything that can be done to a secret, as outcomes whose changes are not committed yet. Times are in seconds. */
export const actions = {
  set: (vault: Scope, name: string, made: { readonly version: string; readonly now: number; readonly value: string }) =>
    changed(vault, { name }, (state) =>
      addVersion(
        vault,
        state,
        newSecretVersion({ value: made.value }, { version: made.version, nowSeconds: made.now }),
      ),
    ),
  update: (
    vault: Scope,
    name: string,
    {
      version,
      now,
      contentType,
    }: { readonly version: string | undefined; readonly now: number; readonly contentType: string },
  ) =>
    changed(vault, { name, version }, (state) =>
      changeVersion(vault, state, (before) => updateSecretVersion(before, { contentType }, now)),
    ),
  delete: (vault: Scope, name: string, now: number) =>
    changed(vault, { name }, (state) => deleteObject(vault, state, now)),
  recover: (vault: Scope, name: string) => changed(vault, { name }, (state) => recoverDeleted(vault, state)),
  purge: (vault: Scope, name: string) => changed(vault, { name }, (state) => run(vault, purgeDeleted(vault, state))),
};
