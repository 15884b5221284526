import type {
  CryptoAnswer,
  CryptoOperation,
  CryptoRequest,
  EcKeyMaterial,
  KeyCurve,
  KeyMaterial,
  OctKeyMaterial,
  RsaKeyMaterial,
} from '../../types/key.ts';
import { keySizeOf } from '../key-material.ts';
import { cbc, cbcPadded, gcm, keyWrap, keyWrapPadded } from './aes.ts';
import { algorithm } from './algorithm.ts';
import type { Algorithm, Parameter } from './algorithm.ts';
import { ecdsa } from './ecdsa.ts';
import { hmac } from './hmac.ts';
import type { KeyInUse } from './key-in-use.ts';
import { wrongLength } from './refused.ts';
import { oaep, pkcs1Encryption, rsaes } from './rsaes.ts';
import { pkcs1, pkcs1OfDigestInfo, pss, rsassa } from './rsassa.ts';

const isRsa = (material: KeyMaterial): material is RsaKeyMaterial => material.kty === 'RSA';
const isOct = (material: KeyMaterial): material is OctKeyMaterial => material.kty === 'oct';
const isEc = (material: KeyMaterial): material is EcKeyMaterial => material.kty === 'EC';

function ecdsaOn(curve: KeyCurve): Algorithm {
  const isOnCurve = (material: KeyMaterial): material is EcKeyMaterial => isEc(material) && material.crv === curve;
  return { ...algorithm(isOnCurve, ecdsa), curve };
}

function isOctOf(bits: number) {
  return (material: KeyMaterial): material is OctKeyMaterial => isOct(material) && keySizeOf(material) === bits;
}

/**
 * Every algorithm, by the name that clients send (`JsonWebKeyEncryptionAlgorithm` and `JsonWebKeySignatureAlgorithm` of
 * Key Vault's REST API). CKM_AES_KEY_WRAP of PKCS #11 is for keys of all sizes. The padding of CKM_AES_KEY_WRAP_PAD
 * differs between versions of PKCS #11; here it is that of RFC 5649.
 */
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['RSA1_5', algorithm(isRsa, rsaes(pkcs1Encryption))],
  ['RSA-OAEP', algorithm(isRsa, rsaes(oaep('sha1')))],
  ['RSA-OAEP-256', algorithm(isRsa, rsaes(oaep('sha256')))],
  ['A128GCM', algorithm(isOctOf(128), gcm, ['iv', 'additionalData', 'tag'])],
  ['A192GCM', algorithm(isOctOf(192), gcm, ['iv', 'additionalData', 'tag'])],
  ['A256GCM', algorithm(isOctOf(256), gcm, ['iv', 'additionalData', 'tag'])],
  ['A128CBC', algorithm(isOctOf(128), cbc, ['iv'])],
  ['A192CBC', algorithm(isOctOf(192), cbc, ['iv'])],
  ['A256CBC', algorithm(isOctOf(256), cbc, ['iv'])],
  ['A128CBCPAD', algorithm(isOctOf(128), cbcPadded, ['iv'])],
  ['A192CBCPAD', algorithm(isOctOf(192), cbcPadded, ['iv'])],
  ['A256CBCPAD', algorithm(isOctOf(256), cbcPadded, ['iv'])],
  ['A128KW', algorithm(isOctOf(128), keyWrap)],
  ['A192KW', algorithm(isOctOf(192), keyWrap)],
  ['A256KW', algorithm(isOctOf(256), keyWrap)],
  ['CKM_AES_KEY_WRAP', algorithm(isOct, keyWrap)],
  ['CKM_AES_KEY_WRAP_PAD', algorithm(isOct, keyWrapPadded)],
  ['RS256', algorithm(isRsa, rsassa(pkcs1('sha256')))],
  ['RS384', algorithm(isRsa, rsassa(pkcs1('sha384')))],
  ['RS512', algorithm(isRsa, rsassa(pkcs1('sha512')))],
  ['PS256', algorithm(isRsa, rsassa(pss('sha256')))],
  ['PS384', algorithm(isRsa, rsassa(pss('sha384')))],
  ['PS512', algorithm(isRsa, rsassa(pss('sha512')))],
  ['RSNULL', algorithm(isRsa, rsassa(pkcs1OfDigestInfo))],
  ['ES256', ecdsaOn('P-256')],
  ['ES384', ecdsaOn('P-384')],
  ['ES512', ecdsaOn('P-521')],
  ['ES256K', ecdsaOn('P-256K')],
  ['HS256', algorithm(isOct, hmac('sha256'))],
  ['HS384', algorithm(isOct, hmac('sha384'))],
  ['HS512', algorithm(isOct, hmac('sha512'))],
]);

/** The algorithms with which the key can do the operation; empty if it cannot do it at all. */
function algorithmsFor(operation: CryptoOperation, material: KeyMaterial): readonly string[] {
  return [...algorithms].filter(([, one]) => one.serves(operation) && one.fits(material)).map(([name]) => name);
}

/** The parameters' names on the wire. */
const parameterNames: Readonly<Record<Parameter, string>> = { iv: 'iv', additionalData: 'aad', tag: 'tag' };
const parameters: readonly Parameter[] = ['iv', 'additionalData', 'tag'];

/**
 * Performs the operation on the calling thread, or refuses it. An exception is a fault of ours or of the stored key.
 */
export function performSync(operation: CryptoOperation, key: KeyInUse, request: CryptoRequest): CryptoAnswer {
  const { material } = key;
  const { algorithm: name } = request;
  const known = algorithms.get(name);
  if (known?.serves(operation)) {
    if (known.fits(material)) {
      const answer = refuseParameters(known, request) ?? known.perform(operation, key, request);
      if (answer !== undefined) return answer;
    } else if (known.curve !== undefined && isEc(material)) {
      const refusal = {
        kind: 'curveNotSupported',
        algorithm: name,
        curve: material.crv,
        requires: known.curve,
      } as const;
      return { ok: false, refusal };
    }
  }
  const allowed = algorithmsFor(operation, material);
  return { ok: false, refusal: { kind: 'algorithmNotSupported', algorithm: name, allowed } };
}

/** Refuses parameters that the algorithm does not take. Ignoring a tag would make an algorithm seem to authenticate. */
function refuseParameters({ parameters: taken }: Algorithm, request: CryptoRequest): CryptoAnswer | undefined {
  for (const name of parameters) {
    const found = request[name];
    if (found !== undefined && found.length > 0 && !taken.includes(name)) {
      return wrongLength(parameterNames[name], found, `${request.algorithm} takes none`);
    }
  }
  return undefined;
}
