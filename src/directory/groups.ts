import type { Store } from '../store/store.ts';
import { changeObject } from './objects.ts';
import type { Changed, Stored } from './objects.ts';
import type { GroupRecord } from './records.ts';

/**
 * The group whose members may change the directory. Its id is the template id of Entra's directory role with this name
 * (Microsoft, "Microsoft Entra built-in roles"); here it is a group.
 */
export const globalAdministrators = '62e90394-69f5-4237-9190-012177145e10';
export const globalAdministratorsName = 'Global Administrator';

export interface GroupProperties {
  readonly displayName?: string;
  readonly mailNickname?: string;
  readonly description?: string;
}

export interface NewGroup extends GroupProperties {
  readonly id: string;
  readonly tenantId: string;
  readonly displayName: string;
  readonly mailNickname: string;
}

const nameLengthMax = 256;

/** Creates a security group. `now` in milliseconds since 1970. */
export async function createGroup(store: Store, group: NewGroup, now: number): Promise<Changed<GroupRecord>> {
  return (
    invalid(group) ?? changeObject(store, { kind: 'group', record: { ...group, createdAt: now }, before: undefined })
  );
}

export async function updateGroup(
  store: Store,
  before: Stored<'group'>,
  properties: GroupProperties,
): Promise<Changed<GroupRecord>> {
  const record: GroupRecord = { ...before.record, ...properties };
  return invalid(properties) ?? changeObject(store, { kind: 'group', record, before });
}

function invalid({
  displayName,
  mailNickname,
}: GroupProperties): Extract<Changed<GroupRecord>, { ok: false }> | undefined {
  for (const [property, value] of Object.entries({ displayName, mailNickname })) {
    if (value === undefined || (value !== '' && value.length <= nameLengthMax)) continue;
    const rule = `it must have 1 to ${nameLengthMax} characters`;
    return { ok: false, refusal: { kind: 'propertyInvalid', property, rule } };
  }
  return undefined;
}
