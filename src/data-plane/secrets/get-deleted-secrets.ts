import { listDeleted } from '../../objects/read.ts';
import { deletedFacts } from '../facts.ts';
import type { OperationCard } from '../operation.ts';
import { secretItem } from './bundle.ts';
import { listBody, pageRequest } from '../paging.ts';

/** GET /deletedsecrets */
export const getDeletedSecrets: OperationCard = {
  name: 'SecretListDeleted',
  permission: 'secrets/list',
  method: 'GET',
  path: '/deletedsecrets',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listDeleted(call.vault, 'secrets', asked.page);
    const body = listBody(call, '/deletedsecrets', page, (secret) => ({
      ...deletedFacts(call, 'secrets', secret),
      ...secretItem(call, secret),
    }));
    return { ok: true, value: { status: 200, body } };
  },
};
