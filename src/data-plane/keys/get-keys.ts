import { listObjects } from '../../objects/read.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { keyItem } from './bundle.ts';

/** GET /keys */
export const getKeys: OperationCard = {
  name: 'KeyList',
  permission: 'keys/list',
  method: 'GET',
  path: '/keys',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listObjects(call.vault, 'keys', asked.page);
    const body = listBody(call, '/keys', page, (key) => keyItem(call, key));
    return { ok: true, value: { status: 200, body } };
  },
};
