import { deleteObject } from '../../objects/change.ts';
import { unmanagedState } from '../../objects/state.ts';
import { keyProperties } from '../../objects/key.ts';
import { deletedFacts } from '../facts.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyBundle } from './bundle.ts';

/** DELETE /keys/{name}: soft-deletes the key with all its versions. */
export const deleteKey: OperationCard = {
  name: 'KeyDelete',
  permission: 'keys/delete',
  method: 'DELETE',
  path: '/keys/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'keys', { name: name.value, operation: 'delete' });
    if (!state.ok) return state;
    const deleted = deleteObject(call.vault, state.value, call.nowSeconds);
    if (!deleted.ok) return deleted;
    const body = { ...deletedFacts(call, 'keys', deleted.value), ...keyBundle(call, deleted.value) };
    const audit = { keyProperties: keyProperties(deleted.value.current) };
    return { ...deleted, value: { status: 200, body }, audit };
  },
};
