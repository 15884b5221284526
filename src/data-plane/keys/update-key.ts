import { updateKey as update } from '../../objects/key-change.ts';
import { bodyMembers } from '../body.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';
import { keyParameters } from './parameters.ts';

/** PATCH /keys/{name}/{version?}: everything but the key itself. Without a version, the current one. */
export const updateKey: OperationCard = {
  name: 'KeyUpdate',
  permission: 'keys/update',
  method: 'PATCH',
  path: '/keys/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    const body = bodyMembers(call.body, ['key_ops', 'attributes', 'tags', 'release_policy']);
    if (!body.ok) return body;
    const parameters = keyParameters(body.value, body.value['key_ops']);
    if (!parameters.ok) return parameters;
    const asks = { ...asked.value, now: call.nowSeconds, parameters: parameters.value };
    return keyAnswer(call, yield* update(call.vault, asks));
  },
};
