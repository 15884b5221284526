import { getDeleted } from '../../objects/read.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import type { OperationCard } from '../operation.ts';
import { deletedFacts, secretBundle, secretName } from './bundle.ts';

/** GET /deletedsecrets/{name} */
export const getDeletedSecret: OperationCard = {
  name: 'SecretGetDeleted',
  permission: 'secrets/get',
  method: 'GET',
  path: '/deletedsecrets/:name',
  async run(call) {
    const name = secretName(call);
    if (!name.ok) return name;
    const deleted = await getDeleted<SecretVersion>(call.vault, 'secrets', name.value);
    if (!deleted.ok) return deleted;
    const body = {
      ...deletedFacts(call, deleted.value),
      ...secretBundle(call, deleted.value, { value: false }),
    };
    return { ok: true, value: { status: 200, body } };
  },
};
