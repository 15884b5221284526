import type { Answer } from '../../http/answer.ts';
import { checkUse, keyProperties } from '../../objects/keys/key.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import { wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { CryptoAnswer, CryptoOperation, CryptoRequest } from '../../types/key.ts';
import { bodyMembers, textMember } from '../body.ts';
import { objectId } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { keyId } from './key.ts';
import { base64url, octetsMember } from './parameters.ts';

const octetNames = ['value', 'signature', 'iv', 'additionalData', 'tag'] as const;
type OctetName = (typeof octetNames)[number];

/** How a request's octets are called on the wire. `value` and `signature` must be there, the others may. */
type WireNames = Readonly<Partial<Record<OctetName, string>>> & { readonly value: string };

/** KeyOperationsParameters, KeySignParameters and KeyVerifyParameters. */
const wireNames: Readonly<Record<CryptoOperation, WireNames>> = {
  encrypt: { value: 'value', iv: 'iv', additionalData: 'aad', tag: 'tag' },
  decrypt: { value: 'value', iv: 'iv', additionalData: 'aad', tag: 'tag' },
  wrapKey: { value: 'value', iv: 'iv', additionalData: 'aad', tag: 'tag' },
  unwrapKey: { value: 'value', iv: 'iv', additionalData: 'aad', tag: 'tag' },
  sign: { value: 'value' },
  verify: { value: 'digest', signature: 'value' },
};

/** The operations that use a key: they find it, ask whether it may be used so, use it, and change nothing. */
const uses: readonly { readonly operation: CryptoOperation; readonly word: string; readonly name: string }[] = [
  { operation: 'encrypt', word: 'encrypt', name: 'KeyEncrypt' },
  { operation: 'decrypt', word: 'decrypt', name: 'KeyDecrypt' },
  // `value` is the digest of what is to be signed.
  { operation: 'sign', word: 'sign', name: 'KeySign' },
  // `value` is the signature of `digest`.
  { operation: 'verify', word: 'verify', name: 'KeyVerify' },
  { operation: 'wrapKey', word: 'wrapkey', name: 'KeyWrap' },
  { operation: 'unwrapKey', word: 'unwrapkey', name: 'KeyUnwrap' },
];

function* perform(call: Call, operation: CryptoOperation): Reading<Outcome<Answer>> {
  const asked = objectId(call, 'keys');
  if (!asked.ok) return asked;
  const request = cryptoRequest(call.body, wireNames[operation]);
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

function cryptoRequest(body: unknown, names: WireNames): Outcome<CryptoRequest> {
  const members = bodyMembers(body, ['alg', ...Object.values(names)]);
  if (!members.ok) return members;
  const alg = textMember(members.value, 'alg');
  if (!alg.ok) return alg;
  if (alg.value === undefined) return refused({ kind: 'missing', what: 'alg' });
  const read: { [Name in OctetName]?: Uint8Array } = {};
  for (const name of octetNames) {
    const member = names[name];
    if (member === undefined) continue;
    const octets = octetsMember(members.value, member);
    if (!octets.ok) return octets;
    if (octets.value !== undefined) read[name] = octets.value;
    else if (name === 'value' || name === 'signature') return refused({ kind: 'missing', what: member });
  }
  const { value = new Uint8Array(), ...rest } = read;
  return { ok: true, value: { algorithm: alg.value, value, ...rest } };
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

/** Where an operation with a key is: with a version, or without one, which means the current one. */
function pathsOf(operation: string) {
  return {
    method: 'POST',
    path: `/keys/:name/:version/${operation}`,
    alsoAt: `/keys/:name/${operation}`,
  } as const;
}

/** POST /keys/{name}/{version?}/release: refused, for nobody is configured whose attestation tokens would be believed. */
const release: OperationCard = {
  name: 'KeyRelease',
  permission: 'keys/release',
  ...pathsOf('release'),
  changes: false,
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    const members = bodyMembers(call.body, ['target', 'nonce', 'enc']);
    if (!members.ok) return members;
    for (const name of ['target', 'nonce', 'enc']) {
      const text = textMember(members.value, name);
      if (!text.ok) return text;
    }
    if (typeof members.value['target'] !== 'string') return refused({ kind: 'missing', what: 'target' });
    const found = yield* getVersion(call.vault, 'keys', asked.value);
    if (!found.ok) return found;
    return refused({ kind: 'attestationMissing', operation: 'release' });
  },
};

/** Every operation that uses a key, or would. */
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
