import { membersOf } from '../../directory/memberships.ts';
import { objectOf } from '../get.ts';
import { listOutcome, pageOf } from '../list.ts';
import type { GraphOperation } from '../operation.ts';
import { directoryObject } from '../resource.ts';
import { refuseOptions, select } from '../select.ts';

/** The members of a group itself, not those of groups in it. */
export const listMembers: GraphOperation = {
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
    return listOutcome(call, {
      context: 'directoryObjects',
      value: shown.map((member) => select(call, directoryObject(member))),
      next: members.length > limit ? shown.at(-1)?.record.id : undefined,
    });
  },
};
