import { listDeleted } from '../../objects/read.ts';
import { deletedFacts } from '../facts.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { keyItem } from './bundle.ts';

/** GET /deletedkeys */
export const getDeletedKeys: OperationCard = {
  name: 'KeyListDeleted',
  permission: 'keys/list',
  method: 'GET',
  path: '/deletedkeys',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listDeleted(call.vault, 'keys', asked.page);
    const body = listBody(call, '/deletedkeys', page, (key) => ({
      ...deletedFacts(call, 'keys', key),
      ...keyItem(call, key),
    }));
    return { ok: true, value: { status: 200, body } };
  },
};
