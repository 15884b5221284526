import { keySpecOf } from '../../crypto/key-material.ts';
import { readKeyMaterial } from '../../crypto/read-key-material.ts';
import { duePut } from '../../schedule/due.ts';
import type { DueSubject } from '../../schedule/due.ts';
import { wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { Transaction } from '../../store/store.ts';
import type { KeyEngine, KeyMaterial, KeySpec } from '../../types/key.ts';
import { addVersion, changeCurrent, changeVersion } from '../change.ts';
import { newKeyVersion, rotatedVersion, updateKeyVersion } from './key.ts';
import type { KeyDraft, KeyParameters, KeyRecord, NewKeyParameters } from './key.ts';
import { makeKey, proveKey } from './make.ts';
import { refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';
import { rotationDue, rotationPolicy } from './rotation-policy.ts';
import type { RotationPolicyParameters } from './rotation-policy.ts';
import { creationRefusal, unmanagedState } from '../state.ts';
import type { ObjectState } from '../state.ts';

/** The name and time of a change, and the id of the version that it may make. */
interface Asked {
  readonly name: string;
  readonly version: string;
  readonly nowSeconds: number;
}

/** Makes a key, or a new version of it. */
export function* createKey(
  vault: VaultScope,
  asked: Asked & {
    readonly parameters: NewKeyParameters;
    readonly spec: KeySpec;
    readonly engine: KeyEngine;
  },
): Reading<Outcome<KeyRecord>> {
  return yield* newKey(vault, asked, { operation: 'create', make: () => makeKey(asked.engine, asked.spec) });
}

/** Imports a key that was made elsewhere, as a JSON Web Key, as the current version. */
export function* importKey(
  vault: VaultScope,
  asked: Asked & { readonly parameters: NewKeyParameters; readonly jwk: unknown; readonly engine: KeyEngine },
): Reading<Outcome<KeyRecord>> {
  const key = readKeyMaterial(asked.jwk);
  if (!key.ok) return refused(key.refusal);
  return yield* newKey(vault, asked, { operation: 'import', make: () => proveKey(asked.engine, key.material) });
}

function* newKey(
  vault: VaultScope,
  asked: Asked & { readonly parameters: NewKeyParameters },
  { operation, make }: { readonly operation: string; readonly make: () => Promise<Outcome<KeyMaterial>> },
): Reading<Outcome<KeyRecord>> {
  const state = yield* keyToChange(vault, asked, operation);
  if (!state.ok) return state;
  const before = state.value.current?.value.current;
  const draft = newKeyVersion(asked.parameters, { ...asked, sku: vault.sku, before });
  if (!draft.ok) return draft;
  return yield* addKeyVersion(vault, state.value, { draft: draft.value, make });
}

/**
 * Makes a new version of a key with the properties of the current one (about key rotation: "generates a new version").
 */
export function* rotateKey(
  vault: VaultScope,
  asked: Asked & { readonly engine: KeyEngine },
): Reading<Outcome<KeyRecord>> {
  const state = yield* keyToChange(vault, asked, 'rotate');
  return state.ok ? yield* rotated(vault, state.value, asked) : state;
}

function* rotated(
  vault: VaultScope,
  state: ObjectState<'keys'>,
  asked: Asked & { readonly engine: KeyEngine },
): Reading<Outcome<KeyRecord>> {
  const before = state.current?.value.current;
  if (before === undefined) return refused({ kind: 'objectNotFound', collection: 'keys', name: asked.name });
  const make = () => makeKey(asked.engine, keySpecOf(before.material));
  return yield* addKeyVersion(vault, state, { draft: rotatedVersion(before, asked), make });
}

/**
 * Does the work of a due record of the kind `rotateKey`: rotates the key if that is due by its policy. `undefined` when
 * it is not, because the key, its policy or its version has changed; a later rotation has its own due record.
 */
export function* rotateIfDue(
  vault: VaultScope,
  asked: Omit<Asked, 'nowSeconds'> & { readonly engine: KeyEngine },
): Reading<Outcome<KeyRecord> | undefined> {
  const state = yield* keyToChange(vault, asked, 'rotate');
  const before = state.ok ? state.value.current?.value.current : undefined;
  if (!state.ok || before === undefined) return undefined;
  const due = rotationDue(before.rotationPolicy, before.attributes);
  if (due === undefined || due > vault.nowMs) return undefined;
  return yield* rotated(vault, state.value, { ...asked, nowSeconds: Math.floor(vault.nowMs / 1000) });
}

/** Changes attributes of one version of a key; without `version`, of the current one. */
export function* updateKey(
  vault: VaultScope,
  asked: {
    readonly name: string;
    readonly version: string | undefined;
    readonly nowSeconds: number;
    readonly parameters: KeyParameters;
  },
): Reading<Outcome<KeyRecord>> {
  const { name, version, nowSeconds } = asked;
  const state = yield* unmanagedState(vault, 'keys', { name, version, operation: 'update' });
  if (!state.ok) return state;
  const updated = changeVersion(vault, state.value, (before) =>
    updateKeyVersion(before, asked.parameters, { nowSeconds, sku: vault.sku }),
  );
  const isCurrent = updated.ok && updated.value.current.version === state.value.current?.value.current.version;
  return isCurrent ? withRotation(vault, updated) : updated;
}

/** Sets a key's rotation policy. */
export function* setRotationPolicy(
  vault: VaultScope,
  asked: { readonly name: string; readonly nowSeconds: number; readonly policy: RotationPolicyParameters },
): Reading<Outcome<KeyRecord>> {
  const state = yield* keyToChange(vault, asked, 'setrotationpolicy');
  if (!state.ok) return state;
  const changed = changeCurrent(vault, state.value, (version) => {
    const policy = rotationPolicy(asked.policy, { nowSeconds: asked.nowSeconds, before: version.rotationPolicy });
    return policy.ok ? { ok: true, value: { ...version, rotationPolicy: policy.value } } : policy;
  });
  return withRotation(vault, changed);
}

/** Adds the due record of the key's next rotation, if it has one, to the change that the rotation follows from. */
export function withRotation(vault: VaultScope, outcome: Outcome<KeyRecord>): Outcome<KeyRecord> {
  if (!outcome.ok) return outcome;
  const { name, current, completeAt = 0 } = outcome.value;
  const due = rotationDue(current.rotationPolicy, current.attributes);
  if (due === undefined) return outcome;
  const at = Math.max(due, vault.nowMs, completeAt);
  const put = [...(outcome.change?.put ?? []), duePut('rotateKey', at, subjectOf(vault, name))];
  return { ...outcome, change: { ...outcome.change, put } };
}

const dayMs = 86_400_000;

/** Tries again in a day: a soft-deleted vault may be recovered. */
export function retryRotation(vault: VaultScope, name: string): Transaction {
  return { require: vault.require, put: [duePut('rotateKey', vault.nowMs + dayMs, subjectOf(vault, name))] };
}

function subjectOf({ name: vault, incarnation }: VaultScope, name: string): DueSubject {
  return { vault, incarnation, collection: 'keys', name };
}

/** Checks first whether the version may be added, because making or proving its material is expensive. */
function* addKeyVersion(
  vault: VaultScope,
  state: ObjectState<'keys'>,
  added: { readonly draft: KeyDraft; readonly make: () => Promise<Outcome<KeyMaterial>> },
): Reading<Outcome<KeyRecord>> {
  const refusal = creationRefusal(vault, state);
  if (refusal !== undefined) return refused(refusal);
  const material = yield* wait(added.make());
  if (!material.ok) return material;
  return withRotation(vault, addVersion(vault, state, { ...added.draft, material: material.value }));
}

/** A key, deleted or not, if `operation` may change it. */
function keyToChange(vault: VaultScope, { name }: Pick<Asked, 'name'>, operation: string) {
  return unmanagedState(vault, 'keys', { name, operation });
}
