import type { GroupProperties } from '../../directory/groups.ts';
import { emptyList, object, only, text } from '../body.ts';

/** Security groups, whose members are named: no mail, and no rule that finds them. */
const read = object({
  description: text,
  displayName: text,
  groupTypes: emptyList,
  mailEnabled: only(false),
  mailNickname: text,
  securityEnabled: only(true),
});

/** What a body says of a group. */
export function groupPropertiesOf(body: unknown): GroupProperties {
  const { groupTypes: _, mailEnabled: _mail, securityEnabled: _security, ...properties } = read(body, '');
  return properties;
}
