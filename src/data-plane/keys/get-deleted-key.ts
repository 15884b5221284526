import { keyProperties } from '../../objects/key.ts';
import { getDeleted } from '../../objects/read.ts';
import { deletedFacts } from '../facts.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyBundle } from './bundle.ts';

/** GET /deletedkeys/{name} */
export const getDeletedKey: OperationCard = {
  name: 'KeyGetDeleted',
  permission: 'keys/get',
  method: 'GET',
  path: '/deletedkeys/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = yield* getDeleted(call.vault, 'keys', name.value);
    if (!deleted.ok) return deleted;
    const body = { ...deletedFacts(call, 'keys', deleted.value), ...keyBundle(call, deleted.value) };
    const audit = { keyProperties: keyProperties(deleted.value.current) };
    return { ok: true, value: { status: 200, body }, audit };
  },
};
