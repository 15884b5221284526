import { recoverDeleted } from '../../objects/change.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import { secretToChange } from '../../objects/secret-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { secretAnswer } from './bundle.ts';

/** POST /deletedsecrets/{name}/recover */
export const recoverDeletedSecret: OperationCard = {
  name: 'SecretRecover',
  permission: 'secrets/recover',
  method: 'POST',
  path: '/deletedsecrets/:name/recover',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const scope = await secretToChange(call.vault, name.value, 'recover');
    if (!scope.ok) return scope;
    return secretAnswer(call, await recoverDeleted<SecretVersion>(scope.value, 'secrets', name.value));
  },
};
