import { getDeleted } from '../../objects/read.ts';
import { secretProperties } from '../../objects/secret.ts';
import { deletedFacts } from '../facts.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { secretBundle } from './bundle.ts';

/** GET /deletedsecrets/{name} */
export const getDeletedSecret: OperationCard = {
  name: 'SecretGetDeleted',
  permission: 'secrets/get',
  method: 'GET',
  path: '/deletedsecrets/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = yield* getDeleted(call.vault, 'secrets', name.value);
    if (!deleted.ok) return deleted;
    const body = {
      ...deletedFacts(call, 'secrets', deleted.value),
      ...secretBundle(call, deleted.value, { value: false }),
    };
    const audit = { secretProperties: secretProperties(deleted.value.current) };
    return { ok: true, value: { status: 200, body }, audit };
  },
};
