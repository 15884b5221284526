import type { KeyObject } from 'node:crypto';
import type { KeyMaterial } from '../../types/key.ts';
import { privateKeyObject, publicKeyObject } from '../key-material.ts';
import type { KeyPairMaterial } from '../key-material.ts';

/** A key for as long as an operation, or a row of them, needs it. */
export class KeyInUse<M extends KeyMaterial = KeyMaterial> {
  readonly material: M;
  #privateKey: KeyObject | undefined;

  constructor(material: M) {
    this.material = material;
  }

  /**
   * OpenSSL's key, made once: an operation with a new one takes half as long again, since it draws its blinding factors
   * (RSA) anew.
   */
  privateKey(this: KeyInUse<KeyPairMaterial>): KeyObject {
    this.#privateKey ??= privateKeyObject(this.material);
    return this.#privateKey;
  }

  publicKey(this: KeyInUse<KeyPairMaterial>): KeyObject {
    const { material } = this;
    return publicKeyObject(
      material.kty === 'RSA'
        ? { kty: 'RSA', n: material.n, e: material.e }
        : { kty: 'EC', crv: material.crv, x: material.x, y: material.y },
    );
  }
}
