import { randomBytes } from 'node:crypto';
import type { KeyEngine } from '../types/key.ts';

/** The engine that makes and uses key material. */
export function openKeyEngine(): KeyEngine {
  return {
    generate({ family, ...spec }) {
      if (family !== 'oct' || !('size' in spec)) return Promise.reject(new Error(`no ${family} keys are made yet`));
      return Promise.resolve({ kty: 'oct', k: randomBytes(spec.size / 8).toString('base64url') });
    },
    perform: (_operation, _material, { algorithm }) =>
      Promise.resolve({ ok: false, refusal: { kind: 'algorithmNotSupported', algorithm, allowed: [] } }),
    close: () => Promise.resolve(),
  };
}
