import { recoverDeleted } from '../../objects/change.ts';
import { unmanagedState } from '../../objects/state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { secretAnswer } from './bundle.ts';

/** POST /deletedsecrets/{name}/recover */
export const recoverDeletedSecret: OperationCard = {
  name: 'SecretRecover',
  permission: 'secrets/recover',
  method: 'POST',
  path: '/deletedsecrets/:name/recover',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'secrets', { name: name.value, operation: 'recover' });
    if (!state.ok) return state;
    return secretAnswer(call, recoverDeleted(call.vault, state.value));
  },
};
