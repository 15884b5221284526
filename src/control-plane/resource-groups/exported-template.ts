import { membersOf, without } from '../../resources/refusal.ts';
import { parseScope } from '../../resources/keys.ts';

export interface ExportOptions {
  /** Whether the names of resources become parameters, and whether those have the names as defaults. */
  readonly names: boolean;
  readonly defaults: boolean;
  readonly comments: boolean;
}

/** The facts about the whole export that writing one resource needs. */
interface Writer {
  readonly parameters: ReadonlyMap<string, string>;
  /** The ids of the exported resources, by the id in lower case. */
  readonly exported: ReadonlyMap<string, string>;
  readonly names: boolean;
}

/** Resource types are not nested deeper than this. */
const idDepthMax = 10;

const schema = 'https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#';

/**
 * A template that creates the resources of a group again: in their order, with their names as parameters (Azure:
 * `vaults_NAME_name`) and with references within the group as expressions. Read-only members are left out.
 */
export function exportedTemplate(resources: readonly Exported[], options: ExportOptions): Record<string, unknown> {
  const whole = resources.flatMap((resource) => [resource, ...peeringsOf(resource)]);
  const exported = new Map(whole.map(({ id }) => [id.toLowerCase(), id]));
  const parameters = options.names ? parametersOf(resources) : new Map<string, string>();
  const writer = { parameters, exported, names: options.names };
  return {
    $schema: schema,
    contentVersion: '1.0.0.0',
    parameters: Object.fromEntries(
      [...parameters].map(([id, parameter]) => {
        const name = parseScope(id)?.names?.[0] ?? '';
        return [parameter, { ...(options.defaults && { defaultValue: literal(name) }), type: 'String' }];
      }),
    ),
    variables: {},
    resources: whole.map((resource) => ({
      ...templateResource(resource, writer),
      ...(options.comments && { comments: `Generalized from resource: '${resource.id}'.` }),
    })),
  };
}

/** The peerings of a virtual network, which can only be created under their own ids. */
function peeringsOf({ id, apiVersion, body }: Exported): readonly Exported[] {
  const { virtualNetworkPeerings } = membersOf(body['properties']);
  const peerings: readonly unknown[] = Array.isArray(virtualNetworkPeerings) ? virtualNetworkPeerings : [];
  return peerings.map((peering) => {
    const { name, properties } = membersOf(peering);
    return { id: `${id}/virtualNetworkPeerings/${String(name)}`, apiVersion, body: { properties } };
  });
}

/** The parameters by the id of the top-level resource; child resources are named by it. */
function parametersOf(resources: readonly Exported[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const taken = new Set<string>();
  for (const { id } of resources) {
    const outer = outermost(id);
    if (outer === undefined || parameters.has(outer.id)) continue;
    const stem = `${outer.type.slice(outer.type.lastIndexOf('/') + 1)}_${outer.name}`.replaceAll(/\W/g, '_');
    let parameter = `${stem}_name`;
    for (let suffix = 1; taken.has(parameter.toLowerCase()); suffix += 1) parameter = `${stem}_name_${suffix}`;
    taken.add(parameter.toLowerCase());
    parameters.set(outer.id, parameter);
  }
  return parameters;
}

function templateResource({ id, apiVersion, body }: Exported, writer: Writer): Record<string, unknown> {
  const { type = '', names = [] } = parseScope(id) ?? {};
  const others = without(body, ['id', 'name', 'type', 'etag', 'systemData', 'properties', 'identity', 'tags']);
  const { properties, identity, tags } = body;
  const found = new Set<string>();
  const owned = { others, ...(identity !== undefined && { identity: exportedIdentity(identity) }) };
  const shown = mapStrings({ ...owned, properties: exportedProperties(properties, readOnlyMembers(type)) }, (text) =>
    referenceTo(text, id, { writer, found }),
  );
  const { others: beside, ...rest } = membersOf(shown);
  if (names.length > 1) found.add(id.slice(0, id.lastIndexOf('/', id.lastIndexOf('/') - 1)).toLowerCase());
  const needed = [...found].flatMap((other) => writer.exported.get(other) ?? []);
  const dependsOn = needed.map((other) => idExpression(other, writer));
  return {
    type,
    apiVersion,
    name: nameExpression(id, writer),
    ...membersOf(beside),
    ...(Object.keys(membersOf(tags)).length > 0 && { tags: mapStrings(tags, literal) }),
    ...(dependsOn.length > 0 && { dependsOn: dependsOn.toSorted() }),
    ...rest,
  };
}

/** A string as a template writes it: the id of an exported resource as an expression, any other string as it is. */
function referenceTo(
  text: string,
  own: string,
  { writer, found }: { readonly writer: Writer; readonly found: Set<string> },
): string {
  const target = text.toLowerCase().startsWith('/subscriptions/') ? nearestExported(text, writer) : undefined;
  if (target === undefined || parseScope(text)?.names === undefined) return literal(text);
  if (target !== own.toLowerCase()) found.add(target);
  return idExpression(text, writer);
}

/** The exported resource of an id, or the nearest exported parent: each step removes a type and a name. */
function nearestExported(id: string, { exported }: Writer): string | undefined {
  for (let asked = id.toLowerCase(), depth = 0; depth < idDepthMax; depth += 1) {
    if (exported.has(asked)) return asked;
    const end = asked.lastIndexOf('/', asked.lastIndexOf('/') - 1);
    if (end <= 0) return undefined;
    asked = asked.slice(0, end);
  }
  return undefined;
}

function idExpression(id: string, writer: Writer): string {
  const { type = '', names = [] } = parseScope(id) ?? {};
  const [, ...others] = names;
  const parts = [quoted(type), outerName(id, writer), ...others.map(quoted)];
  return `[resourceId(${parts.join(', ')})]`;
}

function nameExpression(id: string, writer: Writer): string {
  const [name = '', ...others] = parseScope(id)?.names ?? [];
  if (!writer.names) return literal([name, ...others].join('/'));
  const outer = outerName(id, writer);
  return others.length === 0 ? `[${outer}]` : `[concat(${outer}, ${quoted(`/${others.join('/')}`)})]`;
}

function outerName(id: string, { parameters }: Writer): string {
  const outer = outermost(id);
  const parameter = outer === undefined ? undefined : parameters.get(outer.id);
  return parameter === undefined ? quoted(outer?.name ?? '') : `parameters(${quoted(parameter)})`;
}

/** The top-level resource of a resource, which may be itself; its id in lower case. */
function outermost(id: string) {
  const { subscriptionId, resourceGroup, type, names } = parseScope(id) ?? {};
  const [namespace = '', first = ''] = type?.split('/') ?? [];
  const [name] = names ?? [];
  if (name === undefined) return undefined;
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${namespace}/${first}/${name}`;
  return { id: path.toLowerCase(), type: `${namespace}/${first}`, name };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A string that begins with a bracket would be an expression; a second bracket escapes it. */
function literal(text: string): string {
  return text.startsWith('[') ? `[${text}` : text;
}

function mapStrings(value: unknown, write: (text: string) => string): unknown {
  if (typeof value === 'string') return write(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, write));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, content]: [string, unknown]) => [member, mapStrings(content, write)]),
  );
}

/** A resource as read for an export. */
export interface Exported {
  readonly id: string;
  readonly apiVersion: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * The read-only members of `properties`, by type in lower case: the service sets them, so a template leaves them out.
 */
const readOnlyByType: Readonly<Record<string, readonly string[]>> = {
  'microsoft.keyvault/vaults': ['vaultUri', 'privateEndpointConnections', 'hsmPoolResourceId'],
  'microsoft.managedidentity/userassignedidentities': ['principalId', 'clientId', 'tenantId'],
  'microsoft.network/natgateways': ['subnets'],
  'microsoft.network/networksecuritygroups': ['subnets', 'defaultSecurityRules'],
  'microsoft.network/privateendpoints': ['networkInterfaces', 'customDnsConfigs'],
  'microsoft.network/publicipaddresses': ['ipAddress', 'natGateway', 'ipConfiguration'],
  'microsoft.network/routetables': ['subnets'],
  'microsoft.network/serviceendpointpolicies': ['subnets'],
  'microsoft.network/virtualnetworks': ['virtualNetworkPeerings'],
  'microsoft.network/virtualnetworks/virtualnetworkpeerings': [
    'peeringState',
    'peeringSyncLevel',
    'remoteAddressSpace',
    'remoteVirtualNetworkAddressSpace',
  ],
  'microsoft.operationalinsights/workspaces': ['customerId', 'createdDate', 'modifiedDate'],
  'microsoft.storage/storageaccounts': [
    'creationTime',
    'keyCreationTime',
    'primaryEndpoints',
    'primaryLocation',
    'privateEndpointConnections',
    'statusOfPrimary',
  ],
};

/** Members that are read-only at any depth. */
const readOnlyAnywhere = [
  'etag',
  'provisioningState',
  'resourceGuid',
  'privateEndpoints',
  'privateLinkServiceConnectionState',
];

function readOnlyMembers(type: string): readonly string[] {
  return readOnlyByType[type.toLowerCase()] ?? [];
}

function exportedProperties(properties: unknown, readOnly: readonly string[]): unknown {
  return withoutReadOnly(without(membersOf(properties), readOnly));
}

/** The identity as it was requested; the new resource's identities get ids of their own. */
function exportedIdentity(identity: unknown): unknown {
  const { type, userAssignedIdentities } = membersOf(identity);
  const ids = Object.keys(membersOf(userAssignedIdentities));
  return { type, ...(ids.length > 0 && { userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) }) };
}

/**
 * Removes read-only members at any depth, and the id and type of child resources: within their parent they are
 * identified by name.
 */
function withoutReadOnly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReadOnly);
  if (typeof value !== 'object' || value === null) return value;
  const isItem = 'name' in value && 'properties' in value;
  const kept = without({ ...value }, isItem ? [...readOnlyAnywhere, 'id', 'type'] : readOnlyAnywhere);
  return Object.fromEntries(Object.entries(kept).map(([member, content]) => [member, withoutReadOnly(content)]));
}
