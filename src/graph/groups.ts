import { createGroup as create, updateGroup as update } from '../directory/groups.ts';
import type { GroupProperties } from '../directory/groups.ts';
import { addMember as add, membersOf, removeMember as remove } from '../directory/memberships.ts';
import { activities } from './activities.ts';
import { bodyOf, emptyList, only, required, boundedString } from './body.ts';
import { groups } from './collections.ts';
import { listAnswer, listCollection } from './list.ts';
import { created, deleteObject, getMemberGroups, getObject, objectOf } from './objects.ts';
import { done, targetOf } from './operation.ts';
import type { GraphOperation } from './operation.ts';
import { pageOf, refuseOptions, select } from './query.ts';
import { directoryObject } from './resource.ts';

/** Security groups with direct members: without mail, and without rules for dynamic membership. */
const read = bodyOf({
  description: boundedString,
  displayName: boundedString,
  groupTypes: emptyList,
  mailEnabled: only(false),
  mailNickname: boundedString,
  securityEnabled: only(true),
});

function groupPropertiesOf(body: unknown): GroupProperties {
  const { groupTypes: _, mailEnabled: _mail, securityEnabled: _security, ...properties } = read(body);
  return properties;
}

const createGroup: GraphOperation = {
  method: 'POST',
  path: '/groups',
  access: 'write',
  activity: () => activities.addGroup,
  async run(call) {
    const { store, tenantId, nowMs, newId } = call;
    const properties = groupPropertiesOf(call.body);
    const displayName = required(properties.displayName, 'displayName');
    const mailNickname = required(properties.mailNickname, 'mailNickname');
    const group = { ...properties, id: newId(), tenantId, displayName, mailNickname };
    return created(call, groups, await create(store, group, nowMs));
  },
};

const updateGroup: GraphOperation = {
  method: 'PATCH',
  path: '/groups/:id',
  access: 'write',
  activity: () => activities.updateGroup,
  async run(call) {
    const before = await objectOf(call, 'group');
    return done(await update(call.store, before, groupPropertiesOf(call.body)), targetOf(before.record));
  },
};

/** Lists the direct members of a group. */
const listMembers: GraphOperation = {
  method: 'GET',
  path: '/groups/:id/members',
  access: 'read',
  async run(call) {
    refuseOptions(call, ['$select', '$top', '$skiptoken']);
    const { store, tenantId } = call;
    const { record } = await objectOf(call, 'group');
    const { after, limit } = pageOf(call);
    const members = await membersOf(store, { tenantId, group: record.id }, { after, limit: limit + 1 });
    const shown = members.slice(0, limit);
    return listAnswer(call, {
      context: 'directoryObjects',
      value: shown.map((member) => select(call, directoryObject(member))),
      next: members.length > limit ? shown.at(-1)?.record.id : undefined,
    });
  },
};

const addMember: GraphOperation = {
  method: 'POST',
  path: '/groups/:id/members/$ref',
  access: 'write',
  activity: () => activities.addMember,
  async run(call) {
    const { store, tenantId, body } = call;
    const { record } = await objectOf(call, 'group');
    // A reference is a URL of the object under any of Graph's addresses; its last segment is the id.
    const reference = typeof body['@odata.id'] === 'string' ? body['@odata.id'] : undefined;
    const member = required(reference, '@odata.id').split('/').at(-1)?.toLowerCase() ?? '';
    return done(await add(store, { tenantId, group: record.id, member }), targetOf(record), { id: member });
  },
};

const removeMember: GraphOperation = {
  method: 'DELETE',
  path: '/groups/:id/members/:memberId/$ref',
  access: 'write',
  activity: () => activities.removeMember,
  async run(call) {
    const { store, tenantId, params } = call;
    const { record } = await objectOf(call, 'group');
    const member = (params['memberId'] ?? '').toLowerCase();
    return done(await remove(store, { tenantId, group: record.id, member }), targetOf(record), { id: member });
  },
};

export const groupOperations: readonly GraphOperation[] = [
  listCollection(groups),
  getObject(groups),
  createGroup,
  updateGroup,
  deleteObject(groups),
  getMemberGroups(groups),
  listMembers,
  addMember,
  removeMember,
];
