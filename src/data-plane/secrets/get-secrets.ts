import { listObjects } from '../../objects/read.ts';
import type { OperationCard } from '../operation.ts';
import { secretItem } from './bundle.ts';
import { listBody, pageRequest } from '../paging.ts';

/** GET /secrets */
export const getSecrets: OperationCard = {
  name: 'SecretList',
  permission: 'secrets/list',
  method: 'GET',
  path: '/secrets',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listObjects(call.vault, 'secrets', asked.page);
    const body = listBody(call, '/secrets', page, (secret) => secretItem(call, secret));
    return { ok: true, value: { status: 200, body } };
  },
};
