import { createKey } from '../../objects/keys/change.ts';
import { keyForm, keyProperties } from '../../objects/keys/key.ts';
import type { KeyRecord } from '../../objects/keys/key.ts';
import { keySpec, readKeyType } from '../../objects/keys/type.ts';
import { newVersion, objectKeys } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { vaultId } from '../../resources/keys.ts';
import type { SeedVault } from '../../seed/seed-file.ts';
import { readAlone, readRecords } from '../../store/records.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';
import { wordsOfObject } from './refusal-words.ts';
import type { OpenVault } from './secrets.ts';

export interface SeedKeyOf {
  readonly name: string;
  readonly key: SeedVault['keys'][string];
  readonly path: readonly string[];
}

/** Makes a key where there is none of its name. One that is there must have the type, curve and size that the seed names. */
export async function applyKey(applying: Applying, vault: OpenVault, { name, key, path }: SeedKeyOf): Promise<void> {
  const [there] = await readRecords(applying.store, { get: [objectKeys(vault.scope, 'keys').current(name)] });
  if (there !== undefined) {
    refuseOther(there.value, key, path);
    applying.unchanged(path);
    return;
  }
  const kty = taken(readKeyType(key.kty, vault.scope), [...path, 'kty']);
  const asked = {
    name,
    version: newVersion(),
    nowSeconds: Math.floor(applying.scope.nowMs / 1000),
    parameters: { kty },
    spec: taken(keySpec(kty, { size: key.keySize, curve: key.crv }), path),
    engine: applying.engine,
  };
  const made = await readAlone(applying.store, vault.scope.require, createKey(vault.scope, asked));
  const { name: spelt, current } = taken(made, path);
  const change = made.ok ? made.change : undefined;
  await applying.commit({ path, done: 'added' }, change, {
    log: 'vault',
    operationName: 'KeyCreate',
    resourceId: vaultId(vault.record.value),
    object: { vault: vault.record.value.name, path: `/keys/${spelt}/${current.version}` },
    properties: { keyProperties: keyProperties(current) },
  });
}

/** The form of a key in the words of a seed. */
interface KeyForm {
  readonly kty: string;
  readonly crv?: string;
  readonly keySize?: number;
}

function refuseOther({ current }: KeyRecord, key: SeedKeyOf['key'], path: readonly string[]): void {
  const form = keyForm(current.material);
  const has: KeyForm = {
    kty: current.kty,
    ...('curve' in form ? { crv: form.curve } : { keySize: form.size }),
  };
  const other = (['kty', 'crv', 'keySize'] as const).find((name) => key[name] !== undefined && key[name] !== has[name]);
  if (other === undefined) return;
  const rule = `the key that is there is ${JSON.stringify(has)}, and a key cannot become another: write that, or choose another name`;
  throw new SeedRefused([...path, other], rule);
}

function taken<T>(outcome: Outcome<T>, path: readonly string[]): T {
  if (outcome.ok) return outcome.value;
  throw new SeedRefused(path, wordsOfObject(outcome.refusal));
}
