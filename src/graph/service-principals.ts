import { changeObject } from '../directory/objects.ts';
import { createServicePrincipal as create } from '../directory/service-principals.ts';
import { activities } from './activities.ts';
import { bodyOf, flag, required, boundedString } from './body.ts';
import { servicePrincipals } from './collections.ts';
import { listCollection } from './list.ts';
import { created, deleteObject, getMemberGroups, getObject, objectOf } from './objects.ts';
import { done, targetOf } from './operation.ts';
import type { GraphOperation } from './operation.ts';
import { addPassword, removePassword } from './passwords.ts';

const readCreate = bodyOf({ accountEnabled: flag, appId: boundedString });

const createServicePrincipal: GraphOperation = {
  method: 'POST',
  path: '/servicePrincipals',
  access: 'write',
  activity: () => activities.addServicePrincipal,
  async run(call) {
    const { store, tenantId, nowMs, newId } = call;
    const { appId, accountEnabled = true } = readCreate(call.body);
    const asked = { id: newId(), tenantId, appId: required(appId, 'appId'), accountEnabled };
    return created(call, servicePrincipals, await create(store, asked, nowMs));
  },
};

/** The other properties of a service principal come from its application or its resource. */
const readUpdate = bodyOf({ accountEnabled: flag });

const updateServicePrincipal: GraphOperation = {
  method: 'PATCH',
  path: '/servicePrincipals/:id',
  access: 'write',
  activity: () => activities.updateServicePrincipal,
  async run(call) {
    const before = await objectOf(call, 'servicePrincipal');
    const record = { ...before.record, ...readUpdate(call.body) };
    return done(await changeObject(call.store, { kind: 'servicePrincipal', record, before }), targetOf(record));
  },
};

export const servicePrincipalOperations: readonly GraphOperation[] = [
  listCollection(servicePrincipals),
  getObject(servicePrincipals),
  createServicePrincipal,
  updateServicePrincipal,
  deleteObject(servicePrincipals),
  getMemberGroups(servicePrincipals),
  addPassword(servicePrincipals),
  removePassword(servicePrincipals),
];
