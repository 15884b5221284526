import { memberOf } from '../../http/request.ts';
import { createKey as create, importKey as take } from '../../objects/keys/change.ts';
import { hsmKeyType, keySpec, readKeyType } from '../../objects/keys/type.ts';
import type { KeyRecord } from '../../objects/keys/key.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import type { RotationPolicyParameters } from '../../objects/keys/rotation-policy.ts';
import type { Reading } from '../../store/records.ts';
import type { KeySpec } from '../../types/key.ts';
import { anything, boolean, each, object, optional, partial, string } from '../../shape/shape.ts';
import { objectOr, readAs } from '../body.ts';
import { objectName } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { keyAnswer } from './key.ts';
import { keyMembers, keyParameters, purposes, wholeNumber } from './parameters.ts';

/** KeyCreateParameters */
const createBody = object({
  kty: string,
  ...partial({ key_size: wholeNumber, public_exponent: wholeNumber, crv: string, key_ops: purposes }),
  ...keyMembers,
});

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
export function* makeKey(call: Call, rotationPolicy?: RotationPolicyParameters): Reading<Outcome<KeyRecord>> {
  const name = objectName(call);
  if (!name.ok) return name;
  const body = readAs(createBody, call.body);
  if (!body.ok) return body;
  const { kty: asked, key_size: size, public_exponent: exponent, crv: curve, key_ops: keyOps } = body.value;
  const kty = readKeyType(asked, call.vault);
  if (!kty.ok) return kty;
  const spec = keySpec(kty.value, { size, curve });
  if (!spec.ok) return spec;
  const unfit = checkExponent(exponent, spec.value);
  if (unfit !== undefined) return refused({ kind: 'badParameter', message: unfit });
  const parameters = keyParameters(body.value, keyOps);
  if (!parameters.ok) return parameters;
  return yield* create(call.vault, {
    name: name.value,
    version: call.newVersion(),
    nowSeconds: call.nowSeconds,
    parameters: { ...parameters.value, kty: kty.value, ...(rotationPolicy !== undefined && { rotationPolicy }) },
    spec: spec.value,
    engine: call.engine,
  });
}

/** Azure makes every RSA key with 65537, whatever the request has (azure-sdk-for-js, "can create a RSA key with public exponent"). */
function checkExponent(exponent: number | undefined, { family }: KeySpec): string | undefined {
  if (exponent === undefined) return undefined;
  if (family !== 'RSA') return `public_exponent is for RSA keys; an ${family} key has none.`;
  return exponent > 0
    ? undefined
    : `public_exponent is ${exponent}; it must be a positive whole number, such as 65537.`;
}

/** JsonWebKey, as Key Vault has it. The rules of keys read the key material. */
const jwkMembers = {
  ...partial({ kid: anything, kty: string, key_ops: purposes }),
  ...each(['n', 'e', 'd', 'dp', 'dq', 'qi', 'p', 'q', 'k', 'key_hsm', 'crv', 'x', 'y'], optional(anything)),
};

/** KeyImportParameters */
const importBody = object({
  Hsm: optional(boolean, false),
  key: objectOr(
    `key must be a JSON Web Key with no members but ${Object.keys(jwkMembers).join(', ')}.`,
    object(jwkMembers),
  ),
  ...keyMembers,
});

/** PUT /keys/{name}: imports a key, as a new key or as the next version of one. */
export const importKey: OperationCard = {
  name: 'KeyImport',
  permission: 'keys/import',
  method: 'PUT',
  path: '/keys/:name',
  counts: 'setOrImport',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const body = readAs(importBody, call.body);
    if (!body.ok) return body;
    const { Hsm, key: jwk } = body.value;
    if (jwk.key_hsm !== undefined) {
      const message =
        'key_hsm is not supported: there is no HSM for which a key could have been wrapped. Send the key itself.';
      return refused({ kind: 'badParameter', message });
    }
    if (jwk.kty === undefined) return refused({ kind: 'missing', what: 'key.kty' });
    const asked = readKeyType(jwk.kty, call.vault);
    if (!asked.ok) return asked;
    const kty = Hsm ? readKeyType(hsmKeyType(asked.value), call.vault) : asked;
    if (!kty.ok) return kty;
    const parameters = keyParameters(body.value, jwk.key_ops);
    if (!parameters.ok) return parameters;
    const imported = yield* take(call.vault, {
      name: name.value,
      version: call.newVersion(),
      nowSeconds: call.nowSeconds,
      parameters: { ...parameters.value, kty: kty.value },
      jwk,
      engine: call.engine,
    });
    return keyAnswer(call, imported);
  },
};
