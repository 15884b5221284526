import { deleteObject } from '../../objects/change.ts';
import { secretProperties } from '../../objects/secret.ts';
import { deletedFacts } from '../facts.ts';
import { unmanagedState } from '../../objects/state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { secretBundle } from './bundle.ts';

/** DELETE /secrets/{name}: soft-deletes the secret with all its versions. */
export const deleteSecret: OperationCard = {
  name: 'SecretDelete',
  permission: 'secrets/delete',
  method: 'DELETE',
  path: '/secrets/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'secrets', { name: name.value, operation: 'delete' });
    if (!state.ok) return state;
    const deleted = deleteObject(call.vault, state.value, call.nowSeconds);
    if (!deleted.ok) return deleted;
    const body = {
      ...deletedFacts(call, 'secrets', deleted.value),
      ...secretBundle(call, deleted.value, { value: false }),
    };
    const audit = { secretProperties: secretProperties(deleted.value.current) };
    return { ...deleted, value: { status: 200, body }, audit };
  },
};
