import { Refused } from '../../edge/edge.ts';
import { checkUse, keyProperties } from '../../objects/keys/key.ts';
import { getVersion } from '../../objects/read.ts';
import { wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { CryptoAnswer, CryptoOperation, CryptoRequest } from '../../types/key.ts';
import { object, partial, renamed, string } from '../../shape/shape.ts';
import { readAs } from '../body.ts';
import type { BodyShape } from '../body.ts';
import { answer, nameAndVersion, orRefuse } from '../operation.ts';
import type { Call, OperationCard, OperationResult } from '../operation.ts';
import type { Refusal } from '../refusal.ts';
import { keyId } from './key.ts';
import { base64url, operand } from './parameters.ts';

/** KeyOperationsParameters */
const operationBody = renamed(
  object({
    alg: string,
    value: operand('value'),
    ...partial({ iv: operand('iv'), aad: operand('aad'), tag: operand('tag') }),
  }),
  { alg: 'algorithm', aad: 'additionalData' },
);

/** KeySignParameters: `value` is the digest of what is to be signed. */
const signBody = renamed(object({ alg: string, value: operand('value') }), { alg: 'algorithm' });

/** KeyVerifyParameters: `value` is the signature of `digest`. */
const verifyBody = renamed(object({ alg: string, digest: operand('digest'), value: operand('value') }), {
  alg: 'algorithm',
  digest: 'value',
  value: 'signature',
});

const bodies: Readonly<Record<CryptoOperation, BodyShape<CryptoRequest>>> = {
  encrypt: operationBody,
  decrypt: operationBody,
  wrapKey: operationBody,
  unwrapKey: operationBody,
  sign: signBody,
  verify: verifyBody,
};

/** The operations that use a key. They find it, check that this use is allowed, and change nothing. */
const uses: readonly { readonly operation: CryptoOperation; readonly word: string; readonly name: string }[] = [
  { operation: 'encrypt', word: 'encrypt', name: 'KeyEncrypt' },
  { operation: 'decrypt', word: 'decrypt', name: 'KeyDecrypt' },
  { operation: 'sign', word: 'sign', name: 'KeySign' },
  { operation: 'verify', word: 'verify', name: 'KeyVerify' },
  { operation: 'wrapKey', word: 'wrapkey', name: 'KeyWrap' },
  { operation: 'unwrapKey', word: 'unwrapkey', name: 'KeyUnwrap' },
];

function* perform(call: Call, operation: CryptoOperation): Reading<OperationResult> {
  const asked = nameAndVersion(call, 'keys');
  const request = readAs(bodies[operation], call.body);
  const { value: key } = orRefuse(yield* getVersion(call.vault, 'keys', asked));
  const { current } = key;
  const refusal = checkUse(current, operation, call.nowSeconds);
  if (refusal !== undefined) throw new Refused<Refusal>(refusal);
  const performed = yield* wait(call.engine.perform(operation, current.material, request));
  const kid = keyId(call, key);
  if (!performed.ok) {
    const { refusal: why } = performed;
    throw new Refused<Refusal>(why.kind === 'curveNotSupported' ? { ...why, kid } : why);
  }
  const audit = { keyProperties: keyProperties(current), algorithm: request.algorithm };
  return { ...answer(200, resultBody(performed, kid)), audit, objectId: kid };
}

function resultBody(performed: Extract<CryptoAnswer, { readonly ok: true }>, kid: string) {
  if ('verified' in performed) return { value: performed.verified };
  const { result, iv, tag, additionalData } = performed;
  return {
    kid,
    value: base64url(result),
    ...(iv !== undefined && { iv: base64url(iv) }),
    ...(tag !== undefined && { tag: base64url(tag) }),
    ...(additionalData !== undefined && { aad: base64url(additionalData) }),
  };
}

/** The paths of an operation with a key: with a version, or without one for the current version. */
function pathsOf(operation: string) {
  return {
    method: 'POST',
    path: `/keys/:name/:version/${operation}`,
    alsoAt: `/keys/:name/${operation}`,
  } as const;
}

/** KeyReleaseParameters */
const releaseBody = object({ target: string, ...partial({ nonce: string, enc: string }) });

/** POST /keys/{name}/{version?}/release: always refused, because no attestation service is trusted here. */
const release: OperationCard = {
  name: 'KeyRelease',
  permission: 'keys/release',
  ...pathsOf('release'),
  changes: false,
  *run(call) {
    const asked = nameAndVersion(call, 'keys');
    readAs(releaseBody, call.body);
    orRefuse(yield* getVersion(call.vault, 'keys', asked));
    throw new Refused<Refusal>({ kind: 'attestationMissing', operation: 'release' });
  },
};

/** Every operation that uses a key, and release. */
export const cryptoOperations: readonly OperationCard[] = [
  ...uses.map(({ operation, word, name }): OperationCard => ({
    name,
    permission: `keys/${operation}`,
    ...pathsOf(word),
    changes: false,
    run: (call) => perform(call, operation),
  })),
  release,
];
