import { findAny } from '../../directory/objects.ts';
import { list, object, required, text } from '../body.ts';
import { listOutcome } from '../list.ts';
import type { GraphOperation } from '../operation.ts';
import { directoryObject } from '../resource.ts';

const read = object({ ids: list(text), types: list(text) });

/** The objects of up to 1,000 ids; those that are unknown, or of another type than is asked for, are left out. */
export const getByIds: GraphOperation = {
  method: 'POST',
  path: '/directoryObjects/getByIds',
  access: 'read',
  async run(call) {
    const { ids, types = [] } = read(call.body, '');
    const found = await findAny(call.store, call.tenantId, required(ids, 'ids'));
    const wanted = new Set(types.map((type) => type.toLowerCase()));
    const all = wanted.size === 0 || wanted.has('directoryobject');
    const meant = found.filter(({ kind }) => all || wanted.has(kind.toLowerCase()));
    return listOutcome(call, { context: 'directoryObjects', value: meant.map(directoryObject), next: undefined });
  },
};
