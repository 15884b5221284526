import { recoverDeleted } from '../../objects/change.ts';
import { keyToChange, withRotation } from '../../objects/key-change.ts';
import type { KeyVersion } from '../../objects/key.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';

/** POST /deletedkeys/{name}/recover */
export const recoverDeletedKey: OperationCard = {
  name: 'KeyRecover',
  permission: 'keys/recover',
  method: 'POST',
  path: '/deletedkeys/:name/recover',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = await keyToChange(call.vault, name.value, 'recover');
    if (!found.ok) return found;
    const recovered = await recoverDeleted<KeyVersion>(found.value.scope, 'keys', name.value);
    return keyAnswer(call, withRotation(call.vault, recovered));
  },
};
