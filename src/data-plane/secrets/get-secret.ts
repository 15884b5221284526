import { isIntended } from '../../objects/certificate-read.ts';
import { refused } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import { secretAs } from '../../objects/secret-content.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { secretAnswer } from './bundle.ts';

/** GET /secrets/{name}/{version?}. A secret's `nbf` and `exp` are for its readers' information; `enabled` is enforced. */
export const getSecret: OperationCard = {
  name: 'SecretGet',
  permission: 'secrets/get',
  method: 'GET',
  path: '/secrets/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'secrets');
    if (!asked.ok) return asked;
    const found = yield* getVersion(call.vault, 'secrets', asked.value);
    if (!found.ok) {
      // As recorded: the secret of a certificate that is not issued yet is there, and disabled.
      const isToCome = yield* isIntended(call.vault, asked.value);
      return isToCome ? refused({ kind: 'objectDisabled', collection: 'secrets' }) : found;
    }
    if (!found.value.current.attributes.enabled) return refused({ kind: 'objectDisabled', collection: 'secrets' });
    const current = yield* secretAs(found.value.current, call.query['outContentType']);
    if (!current.ok) return current;
    const secret = { ...found.value, current: current.value };
    return secretAnswer(call, { ok: true, value: secret }, { value: true });
  },
};
