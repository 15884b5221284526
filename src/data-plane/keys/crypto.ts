import type { Answer } from '../../http/answer.ts';
import { checkUse, keyProperties } from '../../objects/keys/key.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import { wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { CryptoAnswer, CryptoOperation, CryptoRequest } from '../../types/key.ts';
import { object, partial, renamed, string } from '../../shape/shape.ts';
import { readAs } from '../body.ts';
import type { BodyShape } from '../body.ts';
import { objectId } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { keyId } from './key.ts';
import { base64url, octets } from './parameters.ts';

/** KeyOperationsParameters */
const operationBody = renamed(
  object({
    alg: string,
    value: octets('value'),
    ...partial({ iv: octets('iv'), aad: octets('aad'), tag: octets('tag') }),
  }),
  { alg: 'algorithm', aad: 'additionalData' },
);

/** KeySignParameters: `value` is the digest of what is to be signed. */
const signBody = renamed(object({ alg: string, value: octets('value') }), { alg: 'algorithm' });

/** KeyVerifyParameters: `value` is the signature of `digest`. */
const verifyBody = renamed(object({ alg: string, digest: octets('digest'), value: octets('value') }), {
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

function* perform(call: Call, operation: CryptoOperation): Reading<Outcome<Answer>> {
  const asked = objectId(call, 'keys');
  if (!asked.ok) return asked;
  const request = readAs(bodies[operation], call.body);
  if (!request.ok) return request;
  const found = yield* getVersion(call.vault, 'keys', asked.value);
  if (!found.ok) return found;
  const { current } = found.value;
  const refusal = checkUse(current, operation, call.nowSeconds);
  if (refusal !== undefined) return refused(refusal);
  const answer = yield* wait(call.engine.perform(operation, current.material, request.value));
  const kid = keyId(call, found.value);
  if (!answer.ok) {
    const { refusal: why } = answer;
    return refused(why.kind === 'curveNotSupported' ? { ...why, kid } : why);
  }
  const audit = { keyProperties: keyProperties(current), algorithm: request.value.algorithm };
  return { ok: true, value: { status: 200, body: resultBody(answer, kid) }, audit, objectId: kid };
}

function resultBody(answer: Extract<CryptoAnswer, { readonly ok: true }>, kid: string) {
  if ('verified' in answer) return { value: answer.verified };
  const { result, iv, tag, additionalData } = answer;
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
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    const body = readAs(releaseBody, call.body);
    if (!body.ok) return body;
    const found = yield* getVersion(call.vault, 'keys', asked.value);
    if (!found.ok) return found;
    return refused({ kind: 'attestationMissing', operation: 'release' });
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
