import { listDeleted } from '../../objects/read.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { deletedFacts, secretItem } from './bundle.ts';

/** GET /deletedsecrets */
export const getDeletedSecrets: OperationCard = {
  name: 'SecretListDeleted',
  permission: 'secrets/list',
  method: 'GET',
  path: '/deletedsecrets',
  async run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = await listDeleted<SecretVersion>(call.vault, 'secrets', asked.page);
    const body = listBody(call, '/deletedsecrets', page, (secret) => ({
      ...deletedFacts(call, secret),
      ...secretItem(call, secret),
    }));
    return { ok: true, value: { status: 200, body } };
  },
};
