import { getVersion } from '../../objects/read.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';

/** GET /keys/{name}/{version?}: the public part, also of a key that is disabled or outside its time. */
export const getKey: OperationCard = {
  name: 'KeyGet',
  permission: 'keys/get',
  method: 'GET',
  path: '/keys/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    return keyAnswer(call, yield* getVersion(call.vault, 'keys', asked.value));
  },
};
