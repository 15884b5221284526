import { Refused } from '../../edge/edge.ts';
import { memberOf } from '../../http/request.ts';
import { createKey as create, importKey as take } from '../../objects/keys/change.ts';
import { hsmKeyType, keySpec, readKeyType } from '../../objects/keys/type.ts';
import type { KeyRecord } from '../../objects/keys/key.ts';
import type { Done } from '../../objects/object.ts';
import type { RotationPolicyParameters } from '../../objects/keys/rotation-policy.ts';
import type { Reading } from '../../store/records.ts';
import type { KeySpec } from '../../types/key.ts';
import { anything, boolean, each, object, optional, partial, renamed, string } from '../../shape/shape.ts';
import { objectOr, parametersOf, readAs } from '../body.ts';
import { badParameter, objectName, orRefuse } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import type { Refusal } from '../refusal.ts';
import { keyAnswer } from './key.ts';
import { keyMembers, keyNames, purposes, wholeNumber } from './parameters.ts';

/** KeyCreateParameters */
const createBody = renamed(
  object({
    kty: string,
    ...partial({ key_size: wholeNumber, public_exponent: wholeNumber, crv: string, key_ops: purposes }),
    ...keyMembers,
  }),
  keyNames,
);

/** POST /keys/{name}/create: creates the key, or adds a version to it. */
export const createKey: OperationCard = {
  name: 'KeyCreate',
  permission: 'keys/create',
  method: 'POST',
  path: '/keys/:name/create',
  // oxlint-disable-next-line require-yield -- the body has it
  *makes({ body }) {
    const kty = memberOf(body, 'kty');
    return typeof kty === 'string' ? kty : undefined;
  },
  *run(call) {
    return keyAnswer(call, yield* makeKey(call));
  },
};

/** Creates the key with the version in the body, or adds that version to it; with this rotation policy, if given. */
export function* makeKey(call: Call, rotationPolicy?: RotationPolicyParameters): Reading<Done<KeyRecord>> {
  const name = objectName(call);
  const body = readAs(createBody, call.body);
  const { kty: asked, key_size: size, public_exponent: exponent, crv: curve, ...members } = body;
  const { value: kty } = orRefuse(readKeyType(asked, call.vault));
  const { value: spec } = orRefuse(keySpec(kty, { size, curve }));
  checkExponent(exponent, spec);
  const parameters = parametersOf(members);
  return orRefuse(
    yield* create(call.vault, {
      name,
      version: call.newVersion(),
      nowSeconds: call.nowSeconds,
      parameters: { ...parameters, kty, ...(rotationPolicy !== undefined && { rotationPolicy }) },
      spec,
      engine: call.engine,
    }),
  );
}

/** Azure makes every RSA key with 65537, whatever the request has (azure-sdk-for-js, "can create a RSA key with public exponent"). */
function checkExponent(exponent: number | undefined, { family }: KeySpec): void {
  if (exponent === undefined) return;
  if (family !== 'RSA') badParameter(`public_exponent is for RSA keys; an ${family} key has none.`);
  if (exponent <= 0) badParameter(`public_exponent is ${exponent}; it must be a positive whole number, such as 65537.`);
}

/** JsonWebKey, as Key Vault has it. The rules of keys read the key material. */
const jwkMembers = {
  ...partial({ kid: anything, kty: string, key_ops: purposes }),
  ...each(['n', 'e', 'd', 'dp', 'dq', 'qi', 'p', 'q', 'k', 'key_hsm', 'crv', 'x', 'y'], optional(anything)),
};

/** KeyImportParameters */
const importBody = renamed(
  object({
    Hsm: optional(boolean, false),
    key: objectOr(
      `key must be a JSON Web Key with no members but ${Object.keys(jwkMembers).join(', ')}.`,
      object(jwkMembers),
    ),
    ...keyMembers,
  }),
  keyNames,
);

/** PUT /keys/{name}: imports a key, as a new key or as the next version of one. */
export const importKey: OperationCard = {
  name: 'KeyImport',
  permission: 'keys/import',
  method: 'PUT',
  path: '/keys/:name',
  counts: 'setOrImport',
  *run(call) {
    const name = objectName(call);
    const { Hsm, key: jwk, ...members } = readAs(importBody, call.body);
    if (jwk.key_hsm !== undefined) {
      badParameter(
        'key_hsm is not supported: there is no HSM for which a key could have been wrapped. Send the key itself.',
      );
    }
    if (jwk.kty === undefined) throw new Refused<Refusal>({ kind: 'missing', what: 'key.kty' });
    const { value: asked } = orRefuse(readKeyType(jwk.kty, call.vault));
    const { value: kty } = Hsm ? orRefuse(readKeyType(hsmKeyType(asked), call.vault)) : { value: asked };
    const { key_ops: keyOps } = jwk;
    const imported = yield* take(call.vault, {
      name,
      version: call.newVersion(),
      nowSeconds: call.nowSeconds,
      parameters: { ...parametersOf(members), ...(keyOps !== undefined && { keyOps }), kty },
      jwk,
      engine: call.engine,
    });
    return keyAnswer(call, orRefuse(imported));
  },
};
