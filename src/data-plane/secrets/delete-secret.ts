import { deleteObject } from '../../objects/change.ts';
import { secretProperties } from '../../objects/secret.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import { deletedFacts } from '../facts.ts';
import { secretToChange } from '../../objects/secret-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { secretBundle } from './bundle.ts';

/** DELETE /secrets/{name}: soft-deletes the secret with all its versions. */
export const deleteSecret: OperationCard = {
  name: 'SecretDelete',
  permission: 'secrets/delete',
  method: 'DELETE',
  path: '/secrets/:name',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const scope = await secretToChange(call.vault, name.value, 'delete');
    if (!scope.ok) return scope;
    const deleted = await deleteObject<SecretVersion>(scope.value, 'secrets', { name: name.value, now: call.now });
    if (!deleted.ok) return deleted;
    const body = {
      ...deletedFacts(call, 'secrets', deleted.value),
      ...secretBundle(call, deleted.value, { value: false }),
    };
    const audit = { secretProperties: secretProperties(deleted.value.current) };
    return { ...deleted, value: { status: 200, body }, audit };
  },
};
