import { memberOf } from '../../http/request.ts';
import { createKey as create, importKey as take } from '../../objects/keys/change.ts';
import { inHsm, keySpec, readKeyType } from '../../objects/keys/type.ts';
import type { KeyRecord } from '../../objects/keys/key.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import type { RotationPolicyParameters } from '../../objects/keys/rotation-policy.ts';
import type { Reading } from '../../store/records.ts';
import type { KeySpec } from '../../types/key.ts';
import { bodyMembers, textMember } from '../body.ts';
import { objectName } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { keyAnswer } from './key.ts';
import { flagMember, keyParameters, numberMember } from './parameters.ts';

const members = ['kty', 'key_size', 'public_exponent', 'crv', 'key_ops', 'attributes', 'tags', 'release_policy'];

/** POST /keys/{name}/create: makes the key, or adds a version to it. */
export const createKey: OperationCard = {
  name: 'KeyCreate',
  permission: 'keys/create',
  method: 'POST',
  path: '/keys/:name/create',
  // oxlint-disable-next-line require-yield -- the body says it
  *makes({ body }) {
    const kty = memberOf(body, 'kty');
    return typeof kty === 'string' ? kty : undefined;
  },
  *run(call) {
    return keyAnswer(call, yield* keyCreated(call));
  },
};

/** The key with the version that the body describes, and with a rotation policy, where one is set at once. */
export function* keyCreated(call: Call, rotationPolicy?: RotationPolicyParameters): Reading<Outcome<KeyRecord>> {
  const name = objectName(call);
  if (!name.ok) return name;
  const body = bodyMembers(call.body, members);
  if (!body.ok) return body;
  const found = textMember(body.value, 'kty');
  if (!found.ok) return found;
  if (found.value === undefined) return refused({ kind: 'missing', what: 'kty' });
  const kty = readKeyType(found.value, call.vault);
  if (!kty.ok) return kty;
  const size = numberMember(body.value, 'key_size');
  if (!size.ok) return size;
  const curve = textMember(body.value, 'crv');
  if (!curve.ok) return curve;
  const spec = keySpec(kty.value, { size: size.value, curve: curve.value });
  if (!spec.ok) return spec;
  const exponent = numberMember(body.value, 'public_exponent');
  if (!exponent.ok) return exponent;
  const unfit = checkExponent(exponent.value, spec.value);
  if (unfit !== undefined) return refused({ kind: 'badParameter', message: unfit });
  const parameters = keyParameters(body.value, body.value['key_ops']);
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

/** Azure makes every RSA key with 65537, whatever it is asked for (azure-sdk-for-js, "can create a RSA key with public exponent"). */
function checkExponent(exponent: number | undefined, { family }: KeySpec): string | undefined {
  if (exponent === undefined) return undefined;
  if (family !== 'RSA') return `public_exponent is for RSA keys; an ${family} key has none.`;
  return exponent > 0
    ? undefined
    : `public_exponent is ${exponent}; it must be a positive whole number, such as 65537.`;
}

/** JsonWebKey, as Key Vault has it. */
const jwkMembers = 'kid kty key_ops n e d dp dq qi p q k key_hsm crv x y'.split(' ');

/** PUT /keys/{name}: takes a key that was made elsewhere as the key, or as its next version. */
export const importKey: OperationCard = {
  name: 'KeyImport',
  permission: 'keys/import',
  method: 'PUT',
  path: '/keys/:name',
  counts: 'setOrImport',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const body = bodyMembers(call.body, ['Hsm', 'key', 'attributes', 'tags', 'release_policy']);
    if (!body.ok) return body;
    if (body.value['key'] === undefined) return refused({ kind: 'missing', what: 'key' });
    const jwk = bodyMembers(body.value['key'], jwkMembers);
    if (!jwk.ok) {
      const message = `key must be a JSON Web Key with no members but ${jwkMembers.join(', ')}.`;
      return refused({ kind: 'badParameter', message });
    }
    if ((jwk.value['key_hsm'] ?? undefined) !== undefined) {
      const message =
        'key_hsm is not supported: there is no HSM for which a key could have been wrapped. Send the key itself.';
      return refused({ kind: 'badParameter', message });
    }
    const hsm = flagMember(body.value['Hsm'], 'Hsm');
    if (!hsm.ok) return hsm;
    const found = textMember(jwk.value, 'kty');
    if (!found.ok) return found;
    if (found.value === undefined) return refused({ kind: 'missing', what: 'key.kty' });
    const asked = readKeyType(found.value, call.vault);
    if (!asked.ok) return asked;
    const kty = hsm.value === true ? readKeyType(inHsm(asked.value), call.vault) : asked;
    if (!kty.ok) return kty;
    const parameters = keyParameters(body.value, jwk.value['key_ops']);
    if (!parameters.ok) return parameters;
    const imported = yield* take(call.vault, {
      name: name.value,
      version: call.newVersion(),
      nowSeconds: call.nowSeconds,
      parameters: { ...parameters.value, kty: kty.value },
      jwk: jwk.value,
      engine: call.engine,
    });
    return keyAnswer(call, imported);
  },
};
