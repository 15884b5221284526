import type { KeyObject } from 'node:crypto';
import type { KeyMaterial } from '../../types/key.ts';
import { privateKeyObject, publicKeyObject } from '../key-material.ts';
import type { KeyPairMaterial } from '../key-material.ts';

/** A key for the duration of one operation, or of several in a row. */
export class KeyInUse<M extends KeyMaterial = KeyMaterial> {
  readonly material: M;
  #privateKey: KeyObject | undefined;

  constructor(material: M) {
    this.material = material;
  }

  /**
   * OpenSSL's key, made once: with a new one an operation takes half as long again, because RSA makes new blinding
   * factors.
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
