import { membersOf, without } from '../../resources/refusal.ts';
import { parseScope } from '../../resources/keys.ts';

export interface ExportOptions {
  /** Whether the names of resources become parameters, and whether these have the names as their defaults. */
  readonly names: boolean;
  readonly defaults: boolean;
  readonly comments: boolean;
}

/** What is written of one resource, and of what else it speaks. */
interface Writer {
  readonly parameters: ReadonlyMap<string, string>;
  /** The ids of what is exported, by the id in lower case. */
  readonly exported: ReadonlyMap<string, string>;
  readonly names: boolean;
}

/** Types lie in each other no deeper. */
const idDepthMax = 10;

const schema = 'https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#';

/**
 * A template that makes the resources of a group again: in their own order, with their names as parameters (Azure:
 * `vaults_NAME_name`), and with what they refer to in the group as expressions. What the service makes is left out.
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
      ...written(resource, writer),
      ...(options.comments && { comments: `Generalized from resource: '${resource.id}'.` }),
    })),
  };
}

/** The peerings of a virtual network, which are made under their own ids only. */
function peeringsOf({ id, apiVersion, body }: Exported): readonly Exported[] {
  const { virtualNetworkPeerings } = membersOf(body['properties']);
  const peerings: readonly unknown[] = Array.isArray(virtualNetworkPeerings) ? virtualNetworkPeerings : [];
  return peerings.map((peering) => {
    const { name, properties } = membersOf(peering);
    return { id: `${id}/virtualNetworkPeerings/${String(name)}`, apiVersion, body: { properties } };
  });
}

/** By the id of the outermost resource: what lies in it has its name from it. */
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

function written({ id, apiVersion, body }: Exported, writer: Writer): Record<string, unknown> {
  const { type = '', names = [] } = parseScope(id) ?? {};
  const others = without(body, ['id', 'name', 'type', 'etag', 'systemData', 'properties', 'identity', 'tags']);
  const { properties, identity, tags } = body;
  const found = new Set<string>();
  const owned = { others, ...(identity !== undefined && { identity: exportedIdentity(identity) }) };
  const shown = expressed({ ...owned, properties: exportedProperties(properties, madeMembers(type)) }, (text) =>
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
    ...(Object.keys(membersOf(tags)).length > 0 && { tags: expressed(tags, literal) }),
    ...(dependsOn.length > 0 && { dependsOn: dependsOn.toSorted() }),
    ...rest,
  };
}

/** A string as a template has it: an id of something in the group as an expression, anything else as it is. */
function referenceTo(
  text: string,
  own: string,
  { writer, found }: { readonly writer: Writer; readonly found: Set<string> },
): string {
  const target = text.toLowerCase().startsWith('/subscriptions/') ? exportedIn(text, writer) : undefined;
  if (target === undefined || parseScope(text)?.names === undefined) return literal(text);
  if (target !== own.toLowerCase()) found.add(target);
  return idExpression(text, writer);
}

/** The exported resource that an id names, or in which lies what it names: a type and a name less each time. */
function exportedIn(id: string, { exported }: Writer): string | undefined {
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

/** The resource that a resource lies in, or itself; its id in lower case. */
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

/** What begins with a bracket is an expression, unless it has two. */
function literal(text: string): string {
  return text.startsWith('[') ? `[${text}` : text;
}

function expressed(value: unknown, write: (text: string) => string): unknown {
  if (typeof value === 'string') return write(value);
  if (Array.isArray(value)) return value.map((item) => expressed(item, write));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, content]: [string, unknown]) => [member, expressed(content, write)]),
  );
}

/** A resource as it was read for an export. */
export interface Exported {
  readonly id: string;
  readonly apiVersion: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the service makes of `properties`, by type in lower case: it is not part of what somebody asked for. */
const madeByType: Readonly<Record<string, readonly string[]>> = {
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

/** The same at any depth. */
const madeAnywhere = [
  'etag',
  'provisioningState',
  'resourceGuid',
  'privateEndpoints',
  'privateLinkServiceConnectionState',
];

function madeMembers(type: string): readonly string[] {
  return madeByType[type.toLowerCase()] ?? [];
}

function exportedProperties(properties: unknown, made: readonly string[]): unknown {
  return withoutMade(without(membersOf(properties), made));
}

/** Of a managed identity only what was asked for; its ids are new ones in what the template makes. */
function exportedIdentity(identity: unknown): unknown {
  const { type, userAssignedIdentities } = membersOf(identity);
  const ids = Object.keys(membersOf(userAssignedIdentities));
  return { type, ...(ids.length > 0 && { userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) }) };
}

/** What lies in a resource under an id of its own is named there, not referred to. */
function withoutMade(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMade);
  if (typeof value !== 'object' || value === null) return value;
  const isItem = 'name' in value && 'properties' in value;
  const kept = without({ ...value }, isItem ? [...madeAnywhere, 'id', 'type'] : madeAnywhere);
  return Object.fromEntries(Object.entries(kept).map(([member, content]) => [member, withoutMade(content)]));
}
