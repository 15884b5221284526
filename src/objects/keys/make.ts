import { KeyEngineBusy } from '../../crypto/key-engine-busy.ts';
import type { KeyEngine, KeyMaterial, KeySpec } from '../../types/key.ts';
import { refused } from '../object.ts';
import type { Outcome } from '../object.ts';

/** The period of Azure's limits on making keys (service-limits). */
const windowSeconds = 10;

/** New key material. */
export function makeKey(engine: KeyEngine, spec: KeySpec): Promise<Outcome<KeyMaterial>> {
  return unlessBusy(async () => ({ ok: true, value: await engine.generate(spec) }));
}

/** Imported key material, after the key engine has proved it. */
export function proveKey<M extends KeyMaterial>(engine: KeyEngine, material: M): Promise<Outcome<M>> {
  return unlessBusy(async () => {
    const refusal = await engine.prove(material);
    return refusal === undefined ? { ok: true, value: material } : refused(refusal);
  });
}

/** Turns a busy engine into Azure's refusal of a vault that makes too many keys. */
export async function unlessBusy<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KeyEngineBusy)) throw error;
    return refused({ kind: 'throttled', reason: 'VaultRequestTypeLimitReached', retryAfterSeconds: windowSeconds });
  }
}
