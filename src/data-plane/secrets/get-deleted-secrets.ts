import { listDeleted } from '../../objects/read.ts';
import type { SecretVersion } from '../../objects/secret.ts';
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
  async run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = await listDeleted<SecretVersion>(call.vault, 'secrets', asked.page);
    const body = listBody(call, '/deletedsecrets', page, (secret) => ({
      ...deletedFacts(call, 'secrets', secret),
      ...secretItem(call, secret),
    }));
    return { ok: true, value: { status: 200, body } };
  },
};
