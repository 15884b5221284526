/** A server among those that share a store. */
export interface AuditNode {
  /** Stays the same for as long as its log does. */
  readonly id: string;
  readonly name: string;
}

/** No string in JSON can contain it, for its quotes would be escaped; no member before `properties` has one of this name. */
const properties = ',"properties":{';
const named = /^"(?:node|adoptedBy)":/;
const namedLength = 16;

/** A record's line with the name of the node that recorded it, unless it has one: the first of its `properties`. */
export function withNode(line: string, { name }: Pick<AuditNode, 'name'>): string {
  return withFirst(line, (rest) => (named.test(rest) ? undefined : { node: name }));
}

/** The line of a record that another node staged, and that this one writes into its log in that node's place. */
export function withAdopter(line: string, { name }: Pick<AuditNode, 'name'>): string {
  return withFirst(line, () => ({ adoptedBy: name }));
}

function withFirst(line: string, member: (rest: string) => object | undefined): string {
  const at = line.indexOf(properties) + properties.length;
  if (at < properties.length) return line;
  const added = member(line.slice(at, at + namedLength));
  if (added === undefined) return line;
  const text = JSON.stringify(added).slice(1, -1);
  return `${line.slice(0, at)}${text}${line[at] === '}' ? '' : ','}${line.slice(at)}`;
}
