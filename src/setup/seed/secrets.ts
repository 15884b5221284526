import { isDeepStrictEqual } from 'node:util';
import { addVersion, changeCurrent, recoverDeleted } from '../../objects/change.ts';
import { isPurged, newVersion, vaultScope } from '../../objects/object.ts';
import type { Outcome, RecordOf, VaultScope } from '../../objects/object.ts';
import { checkSecret, newSecretVersion, secretProperties, updateSecretVersion } from '../../objects/secrets/secret.ts';
import type { SecretParameters, SecretVersion } from '../../objects/secrets/secret.ts';
import { unmanagedState } from '../../objects/state.ts';
import type { ObjectState } from '../../objects/state.ts';
import { vaultId } from '../../resources/keys.ts';
import type { SeedVault } from '../../seed/seed-file.ts';
import { readAlone } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';
import { wordsOfObject } from './refusal-words.ts';

type SeedSecret = SeedVault['secrets'][string];

/** A vault whose objects are changed. */
export interface OpenVault {
  readonly record: Stored<VaultRecord>;
  readonly scope: VaultScope;
}

export function openVault(record: Stored<VaultRecord>, nowMs: number): OpenVault {
  const require = [{ key: record.key, version: record.version }];
  return { record, scope: vaultScope(record.value, { transitionMs: 0, nowMs, require }) };
}

/**
 * Gives a secret the value, attributes and tags that the seed names; what the seed leaves out stays. Another value makes a
 * version, other attributes or tags change the version that is there, and where everything is equal nothing is written. A
 * secret that is soft-deleted is recovered first.
 */
export async function applySecret(applying: Applying, vault: OpenVault, named: SeedSecretOf): Promise<void> {
  const { name, secret, path } = named;
  const recovered = await recover(applying, vault, named);
  const state = await stateOf(applying, vault, { name, path, operation: 'set' });
  const { value: wanted, ...facts } = secret;
  const before = state.current?.value.current;
  if (wanted === null && before === undefined) {
    throw new SeedRefused(
      [...path, ...(Object.keys(secret).length > 1 ? ['value'] : [])],
      'null keeps the value that the secret has, and there is no such secret: write its value',
    );
  }
  const value = wanted ?? before?.value ?? '';
  if (before !== undefined && value === before.value) {
    await changeFacts(applying, vault, { ...named, state, before, facts, recovered });
    return;
  }
  const parameters = { ...(before === undefined ? {} : factsOf(before)), ...facts, value };
  refuse(path, checkSecret(parameters));
  const made = { version: newVersion(), nowSeconds: Math.floor(applying.scope.nowMs / 1000) };
  const added = addVersion(vault.scope, state, newSecretVersion(parameters, made));
  const done = before === undefined ? 'added' : 'changed';
  await commit(applying, vault, { path, done, operationName: 'SecretSet', outcome: added });
}

export interface SeedSecretOf {
  readonly name: string;
  readonly secret: SeedSecret;
  readonly path: readonly string[];
}

interface Changing extends SeedSecretOf {
  readonly state: ObjectState<'secrets'>;
  readonly before: SecretVersion;
  readonly facts: SecretParameters;
  readonly recovered: boolean;
}

async function changeFacts(applying: Applying, vault: OpenVault, { path, state, before, facts, recovered }: Changing) {
  if (isDeepStrictEqual({ ...factsOf(before), ...facts }, factsOf(before))) {
    if (!recovered) applying.unchanged(path);
    return;
  }
  refuse(path, checkSecret(facts));
  const nowSeconds = Math.floor(applying.scope.nowMs / 1000);
  const outcome = changeCurrent(vault.scope, state, (version) => updateSecretVersion(version, facts, nowSeconds));
  await commit(applying, vault, { path, done: 'changed', operationName: 'SecretUpdate', outcome });
}

/** Whether the secret was soft-deleted, and is no longer. */
async function recover(applying: Applying, vault: OpenVault, { name, path }: SeedSecretOf): Promise<boolean> {
  const state = await stateOf(applying, vault, { name, path, operation: 'recover' });
  if (state.deleted === undefined || isPurged(state.deleted.value)) return false;
  const outcome = recoverDeleted(vault.scope, state);
  await commit(applying, vault, { path, done: 'changed', operationName: 'SecretRecover', outcome });
  return true;
}

export async function stateOf(
  { store }: Applying,
  { scope }: OpenVault,
  { name, path, operation }: { readonly name: string; readonly path: readonly string[]; readonly operation: string },
): Promise<ObjectState<'secrets'>> {
  const state = await readAlone(store, scope.require, unmanagedState(scope, 'secrets', { name, operation }));
  if (state.ok) return state.value;
  throw new SeedRefused(path, wordsOfObject(state.refusal));
}

/** The members of a version besides its value. */
function factsOf({ contentType, tags, attributes: { enabled, notBefore, expires } }: SecretVersion): SecretParameters {
  return {
    enabled,
    ...(contentType !== undefined && { contentType }),
    ...(tags !== undefined && { tags }),
    ...(notBefore !== undefined && { notBefore }),
    ...(expires !== undefined && { expires }),
  };
}

function refuse(path: readonly string[], refusal: ReturnType<typeof checkSecret>): void {
  if (refusal !== undefined) throw new SeedRefused(path, wordsOfObject(refusal));
}

interface Commit {
  readonly path: readonly string[];
  readonly done: 'added' | 'changed' | 'removed';
  readonly operationName: string;
  readonly outcome: Outcome<RecordOf<'secrets'>>;
}

/** Commits a change of a secret to the draft, with its record. */
export async function commit(applying: Applying, vault: OpenVault, { path, done, operationName, outcome }: Commit) {
  if (!outcome.ok) throw new SeedRefused(path, wordsOfObject(outcome.refusal));
  const { name, current } = outcome.value;
  const ofVault = vault.record.value;
  await applying.commit({ path, done }, outcome.change, {
    log: 'vault',
    operationName,
    resourceId: vaultId(ofVault),
    object: { vault: ofVault.name, path: `/secrets/${name}/${current.version}` },
    properties: { secretProperties: secretProperties(current) },
  });
}
