import { findAny } from '../../directory/objects.ts';
import type { GraphOperation } from '../operation.ts';
import { answer, entity, refuse } from '../outcome.ts';
import { directoryObject } from '../resource.ts';
import { refuseOptions, select } from '../select.ts';

export const getDirectoryObject: GraphOperation = {
  method: 'GET',
  path: '/directoryObjects/:id',
  access: 'read',
  async run(call) {
    refuseOptions(call, ['$select']);
    const { id = '' } = call.params;
    const [object] = await findAny(call.store, call.tenantId, [id]);
    if (object === undefined) return refuse({ kind: 'objectNotFound', id });
    return answer(200, entity(call, 'directoryObjects/$entity', select(call, directoryObject(object))));
  },
};
