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

function isOnCurve(curve: KeyCurve) {
  return (material: KeyMaterial): material is EcKeyMaterial => material.kty === 'EC' && material.crv === curve;
}

function isOctOf(bits: number) {
  return (material: KeyMaterial): material is OctKeyMaterial => isOct(material) && keySizeOf(material) === bits;
}

/**
 * Every algorithm, by the name that clients send (`JsonWebKeyEncryptionAlgorithm` and `JsonWebKeySignatureAlgorithm` of
 * Key Vault's REST API). PKCS #11 has CKM_AES_KEY_WRAP for keys of all sizes; what its padding is has changed between
 * versions of PKCS #11, and here it is that of RFC 5649.
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
  ['ES256', algorithm(isOnCurve('P-256'), ecdsa)],
  ['ES384', algorithm(isOnCurve('P-384'), ecdsa)],
  ['ES512', algorithm(isOnCurve('P-521'), ecdsa)],
  ['ES256K', algorithm(isOnCurve('P-256K'), ecdsa)],
  ['HS256', algorithm(isOct, hmac('sha256'))],
  ['HS384', algorithm(isOct, hmac('sha384'))],
  ['HS512', algorithm(isOct, hmac('sha512'))],
]);

/** The names of the algorithms that a key can do an operation with; none is a key that cannot. */
function algorithmsFor(operation: CryptoOperation, material: KeyMaterial): readonly string[] {
  return [...algorithms].filter(([, one]) => one.serves(operation) && one.fits(material)).map(([name]) => name);
}

/** How the wire calls what a request may carry. */
const parameterNames: Readonly<Record<Parameter, string>> = { iv: 'iv', additionalData: 'aad', tag: 'tag' };
const parameters: readonly Parameter[] = ['iv', 'additionalData', 'tag'];

/** Does it, on the thread that calls, or refuses. An exception is a fault of ours or of the stored key. */
export function performNow(operation: CryptoOperation, key: KeyInUse, request: CryptoRequest): CryptoAnswer {
  const known = algorithms.get(request.algorithm);
  if (known?.serves(operation) && known.fits(key.material)) {
    const answer = refuseParameters(known, request) ?? known.perform(operation, key, request);
    if (answer !== undefined) return answer;
  }
  const allowed = algorithmsFor(operation, key.material);
  return { ok: false, refusal: { kind: 'algorithmNotSupported', algorithm: request.algorithm, allowed } };
}

/** An algorithm that authenticates nothing must not seem to: what it does not take is refused, not ignored. */
function refuseParameters({ parameters: taken }: Algorithm, request: CryptoRequest): CryptoAnswer | undefined {
  for (const name of parameters) {
    const found = request[name];
    if (found !== undefined && found.length > 0 && !taken.includes(name)) {
      return wrongLength(parameterNames[name], found, `${request.algorithm} takes none`);
    }
  }
  return undefined;
}
