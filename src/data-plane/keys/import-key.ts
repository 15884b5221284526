import { importKey as take } from '../../objects/key-change.ts';
import { readKeyType, inHsm } from '../../objects/key-type.ts';
import { refused } from '../../objects/object.ts';
import { bodyMembers, textMember } from '../body.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';
import { flagMember, keyParameters } from './parameters.ts';

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
      now: call.nowSeconds,
      parameters: { ...parameters.value, kty: kty.value },
      jwk: jwk.value,
      engine: call.engine,
    });
    return keyAnswer(call, imported);
  },
};
