import { keySpecOf } from '../crypto/key-material.ts';
import { readKeyMaterial } from '../crypto/read-key-material.ts';
import { duePut } from '../schedule/due.ts';
import type { DueSubject } from '../schedule/due.ts';
import { decode } from '../store/store.ts';
import type { Transaction } from '../store/store.ts';
import type { KeyEngine, KeyMaterial, KeySpec } from '../types/key.ts';
import { restoreObject } from './backup.ts';
import { certificateKeys } from './certificate.ts';
import { addVersion, changeVersion } from './change.ts';
import { newKeyVersion, rotatedVersion, updateKeyVersion } from './key.ts';
import type { KeyDraft, KeyParameters, KeyRecord, KeyVersion, NewKeyParameters } from './key.ts';
import { makeKey, proveKey } from './make-key.ts';
import { objectKeys, refused } from './object.ts';
import type { Outcome, VaultScope } from './object.ts';
import { rotationDue, rotationPolicy } from './rotation-policy.ts';
import type { RotationPolicyParameters } from './rotation-policy.ts';

/** The name and the time (in seconds) of a change, and the version that may come of it. */
interface Asked {
  readonly name: string;
  readonly version: string;
  readonly now: number;
}

/** A key that is about to be changed: its current version, and the scope in which it must still be as it was seen. */
export interface KeyToChange {
  readonly scope: VaultScope;
  /** Absent when there is no such key, or it is deleted. */
  readonly before: KeyVersion | undefined;
}

/** Finds out whether a key, living or deleted, may be changed by `operation`: that of a certificate may not. */
export async function keyToChange(vault: VaultScope, name: string, operation: string): Promise<Outcome<KeyToChange>> {
  const keys = objectKeys(vault, 'keys');
  // The name of a certificate that is not issued yet is taken, too.
  const get = [keys.current(name), keys.deleted(name), certificateKeys(vault).current(name)];
  const records = await vault.store.read({ require: vault.require, get });
  const [current, deleted] = records.map((record) =>
    record === undefined ? undefined : decode<Partial<KeyRecord>>(record).current,
  );
  if ((current ?? deleted)?.managed === true || records[2] !== undefined)
    return refused({ kind: 'keyManaged', operation });
  const seen = get.map((key, index) => ({ key, version: records[index]?.version ?? null }));
  return { ok: true, value: { scope: { ...vault, require: [...vault.require, ...seen] }, before: current } };
}

/** Makes a key, or another version of it. */
export async function createKey(
  vault: VaultScope,
  asked: Asked & {
    readonly parameters: NewKeyParameters;
    readonly spec: KeySpec;
    readonly engine: KeyEngine;
  },
): Promise<Outcome<KeyRecord>> {
  const found = await keyToChange(vault, asked.name, 'create');
  if (!found.ok) return found;
  const { scope, before } = found.value;
  const draft = newKeyVersion(asked.parameters, { ...asked, sku: vault.sku, before });
  if (!draft.ok) return draft;
  return addKeyVersion(scope, { name: asked.name, draft: draft.value, make: () => makeKey(asked.engine, asked.spec) });
}

/** Takes a key that was made elsewhere, a JSON Web Key, as the current version. */
export async function importKey(
  vault: VaultScope,
  asked: Asked & { readonly parameters: NewKeyParameters; readonly jwk: unknown; readonly engine: KeyEngine },
): Promise<Outcome<KeyRecord>> {
  const key = readKeyMaterial(asked.jwk);
  if (!key.ok) return refused(key.refusal);
  const found = await keyToChange(vault, asked.name, 'import');
  if (!found.ok) return found;
  const { scope, before } = found.value;
  const draft = newKeyVersion(asked.parameters, { ...asked, sku: vault.sku, before });
  if (!draft.ok) return draft;
  return addKeyVersion(scope, {
    name: asked.name,
    draft: draft.value,
    make: () => proveKey(asked.engine, key.material),
  });
}

/** Makes another version of a key, as the current one is (about key rotation: "generates a new version"). */
export async function rotateKey(
  vault: VaultScope,
  asked: Asked & { readonly engine: KeyEngine },
): Promise<Outcome<KeyRecord>> {
  const found = await keyToChange(vault, asked.name, 'rotate');
  if (!found.ok) return found;
  const { scope, before } = found.value;
  if (before === undefined) return refused({ kind: 'objectNotFound', collection: 'keys', name: asked.name });
  const make = () => makeKey(asked.engine, keySpecOf(before.material));
  return addKeyVersion(scope, { name: asked.name, draft: rotatedVersion(before, asked), make });
}

/**
 * What a due record of the kind `rotateKey` asks for: rotates the key if its policy wants that by now. `undefined` when it
 * does not, because the key, its policy or its version is another one by now; what is due later has a record of its own.
 */
export async function rotateIfDue(
  vault: VaultScope,
  asked: { readonly name: string; readonly version: string; readonly engine: KeyEngine },
): Promise<Outcome<KeyRecord> | undefined> {
  const found = await keyToChange(vault, asked.name, 'rotate');
  const before = found.ok ? found.value.before : undefined;
  if (before === undefined) return undefined;
  const due = rotationDue(before.rotationPolicy, before.attributes);
  if (due === undefined || due > vault.now) return undefined;
  return rotateKey(vault, { ...asked, now: Math.floor(vault.now / 1000) });
}

/** Changes what is said of one version of a key; without `version` of the current one. `now` in seconds. */
export async function updateKey(
  vault: VaultScope,
  asked: {
    readonly name: string;
    readonly version: string | undefined;
    readonly now: number;
    readonly parameters: KeyParameters;
  },
): Promise<Outcome<KeyRecord>> {
  const found = await keyToChange(vault, asked.name, 'update');
  if (!found.ok) return found;
  const { scope, before } = found.value;
  const updated = await changeVersion<KeyVersion>(scope, 'keys', {
    name: asked.name,
    version: asked.version,
    change: (version) => updateKeyVersion(version, asked.parameters, { now: asked.now, sku: vault.sku }),
  });
  if (!updated.ok || updated.value.current.version !== before?.version) return updated;
  return withRotation(vault, updated);
}

/** Sets a key's rotation policy. `now` in seconds. */
export async function setRotationPolicy(
  vault: VaultScope,
  asked: { readonly name: string; readonly now: number; readonly policy: RotationPolicyParameters },
): Promise<Outcome<KeyRecord>> {
  const found = await keyToChange(vault, asked.name, 'setrotationpolicy');
  if (!found.ok) return found;
  const changed = await changeVersion<KeyVersion>(found.value.scope, 'keys', {
    name: asked.name,
    change: (version) => {
      const policy = rotationPolicy(asked.policy, { now: asked.now, before: version.rotationPolicy });
      return policy.ok ? { ok: true, value: { ...version, rotationPolicy: policy.value } } : policy;
    },
  });
  return withRotation(vault, changed);
}

/** Puts the key of a backup back, and goes on with its rotation. */
export async function restoreKey(vault: VaultScope, blob: string): Promise<Outcome<KeyRecord>> {
  return withRotation(vault, await restoreObject<KeyVersion>(vault, 'keys', blob));
}

/** Puts the due record of a key's next rotation beside the change that makes the key what it is, if it has one. */
export function withRotation(vault: VaultScope, outcome: Outcome<KeyRecord>): Outcome<KeyRecord> {
  if (!outcome.ok) return outcome;
  const { name, current, completeAt = 0 } = outcome.value;
  const due = rotationDue(current.rotationPolicy, current.attributes);
  if (due === undefined) return outcome;
  const at = Math.max(due, vault.now, completeAt);
  const put = [...(outcome.change?.put ?? []), duePut('rotateKey', at, subjectOf(vault, name))];
  return { ...outcome, change: { ...outcome.change, put } };
}

const dayMs = 86_400_000;

/** Asks again in a day: a vault that is soft-deleted stays as it is, and goes on when it is recovered. */
export function rotationLater(vault: VaultScope, name: string): Transaction {
  return { require: vault.require, put: [duePut('rotateKey', vault.now + dayMs, subjectOf(vault, name))] };
}

function subjectOf({ name: vault, incarnation }: VaultScope, name: string): DueSubject {
  return { vault, incarnation, collection: 'keys', name };
}

/** Asks first whether the version may be added, for making its material, or proving it, is dear. */
async function addKeyVersion(
  scope: VaultScope,
  added: { readonly name: string; readonly draft: KeyDraft; readonly make: () => Promise<Outcome<KeyMaterial>> },
): Promise<Outcome<KeyRecord>> {
  const { name, draft } = added;
  const allowed = await addVersion(scope, 'keys', { name, version: draft });
  if (!allowed.ok) return allowed;
  const material = await added.make();
  if (!material.ok) return material;
  const version: KeyVersion = { ...draft, material: material.value };
  return withRotation(scope, await addVersion(scope, 'keys', { name, version }));
}
