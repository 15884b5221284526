import { deleteObject } from '../../objects/change.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import type { OperationCard } from '../operation.ts';
import { deletedFacts, secretBundle, secretName } from './bundle.ts';

/** DELETE /secrets/{name}: soft-deletes the secret with all its versions. */
export const deleteSecret: OperationCard = {
  name: 'SecretDelete',
  permission: 'secrets/delete',
  method: 'DELETE',
  path: '/secrets/:name',
  async run(call) {
    const name = secretName(call);
    if (!name.ok) return name;
    const deleted = await deleteObject<SecretVersion>(call.vault, 'secrets', { name: name.value, now: call.now });
    if (!deleted.ok) return deleted;
    const body = {
      ...deletedFacts(call, deleted.value),
      ...secretBundle(call, deleted.value, { value: false }),
    };
    return { ...deleted, value: { status: 200, body } };
  },
};
