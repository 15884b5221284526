import { deleteObject } from '../../objects/change.ts';
import { keyToChange } from '../../objects/key-change.ts';
import { keyProperties } from '../../objects/key.ts';
import type { KeyVersion } from '../../objects/key.ts';
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
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = await keyToChange(call.vault, name.value, 'delete');
    if (!found.ok) return found;
    const deleted = await deleteObject<KeyVersion>(found.value.scope, 'keys', { name: name.value, now: call.now });
    if (!deleted.ok) return deleted;
    const body = { ...deletedFacts(call, 'keys', deleted.value), ...keyBundle(call, deleted.value) };
    const audit = { keyProperties: keyProperties(deleted.value.current) };
    return { ...deleted, value: { status: 200, body }, audit };
  },
};
