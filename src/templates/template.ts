import { refuse } from './refusal.ts';
import type { UserFunction } from './frame.ts';
import { isArray, isObject, memberOf, shown } from './value.ts';
import type { Value, ValueObject } from './value.ts';

/** A parsed template, before evaluation ("Understand the structure and syntax of ARM templates"). */
export interface Template {
  readonly scope: 'resourceGroup' | 'subscription';
  /** Language version 2.0, which Bicep uses for newer features: resources have symbolic names. */
  readonly symbolic: boolean;
  readonly parameters: ReadonlyMap<string, ValueObject>;
  readonly definitions: ValueObject;
  readonly variables: ValueObject;
  readonly functions: ReadonlyMap<string, UserFunction>;
  readonly resources: readonly TemplateResource[];
  readonly outputs: ReadonlyMap<string, ValueObject>;
}

export interface TemplateResource {
  readonly symbol: string | undefined;
  /** Absent for a top-level resource. Type and name of a child begin with those of its parent. */
  readonly parent: TemplateResource | undefined;
  readonly type: string;
  readonly apiVersion: string;
  readonly name: Value;
  readonly existing: boolean;
  readonly condition: Value;
  readonly copy: ValueObject | undefined;
  readonly dependsOn: readonly Value[];
  /** `scope`, `resourceGroup` and `subscriptionId`, if the resource is not in the deployment's own group. */
  readonly placement: { readonly [K in 'scope' | 'resourceGroup' | 'subscriptionId']: Value | undefined };
  /** The members of the request that creates it: `location`, `tags`, `properties` and the like. */
  readonly body: ValueObject;
}

/** Azure's limits ("Template limits"). */
const limits = { parameters: 256, variables: 256, resources: 800, outputs: 64 };

const help = 'Please see https://aka.ms/arm-syntax for usage details.';

const known = new Set([
  '$schema',
  'contentversion',
  'languageversion',
  'metadata',
  'parameters',
  'definitions',
  'variables',
  'functions',
  'resources',
  'outputs',
]);

/** The members of a resource that are not in its body. */
const nonBodyMembers = new Set([
  'type',
  'apiversion',
  'name',
  'existing',
  'condition',
  'copy',
  'dependson',
  'scope',
  'comments',
  'resources',
  'import',
  'extension',
  'metadata',
  'resourcegroup',
  'subscriptionid',
]);

/** @throws {TemplateRefused} */
export function readTemplate(found: Value): Template {
  if (!isObject(found)) return refuse(`The template is not a JSON object. ${help}`);
  for (const [name, value] of Object.entries(found)) {
    const empty = value === null || (typeof value === 'object' && Object.keys(value).length === 0) || value === '';
    if (!known.has(name.toLowerCase()) && !empty) {
      refuse(
        `The template has a top-level member '${name}', which is not supported; supported: ${[...known].join(', ')}. ${help}`,
      );
    }
  }
  const version = memberOf(found, 'languageVersion') ?? '1.0';
  if (typeof version !== 'string' || !/^[12]\.\d+(?:-experimental)?$/.test(version)) {
    refuse(`The template language version '${JSON.stringify(version)}' is not supported: use 1.0 or 2.0. ${help}`);
  }
  const symbolic = version.startsWith('2');
  checkContentVersion(found);
  return {
    scope: scopeOf(memberOf(found, '$schema')),
    symbolic,
    parameters: declarations(found, 'parameters', limits.parameters),
    definitions: objectOf(found, 'definitions'),
    variables: bounded(objectOf(found, 'variables'), 'variables', limits.variables),
    functions: readFunctions(found),
    resources: readResources(memberOf(found, 'resources') ?? [], symbolic),
    outputs: declarations(found, 'outputs', limits.outputs),
  };
}

function scopeOf(schema: Value | undefined): Template['scope'] {
  const name = typeof schema === 'string' ? /\/([A-Za-z]+)\.json#?$/.exec(schema)?.[1]?.toLowerCase() : undefined;
  if (name === 'deploymenttemplate') return 'resourceGroup';
  if (name === 'subscriptiondeploymenttemplate') return 'subscription';
  return refuse(
    `Template schema '${shown(schema)}' is not supported. Supported are https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json# and https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#. ${help}`,
  );
}

function checkContentVersion(template: ValueObject): void {
  const version = memberOf(template, 'contentVersion');
  if (typeof version === 'string' && /^\d+(?:\.\d+){3}$/.test(version)) return;
  refuse(
    `The template's contentVersion '${shown(version)}' is not valid; write four numbers, such as 1.0.0.0. ${help}`,
  );
}

function objectOf(from: ValueObject, name: string): ValueObject {
  const found = memberOf(from, name) ?? {};
  return isObject(found) ? found : refuse(`The template's '${name}' must be an object. ${help}`);
}

function bounded(object: ValueObject, name: string, most: number): ValueObject {
  const count = Object.keys(object).length;
  return count <= most
    ? object
    : refuse(`The number of template ${name} limit exceeded. Limit: '${most}' and actual: '${count}'. ${help}`);
}

function declarations(template: ValueObject, name: string, most: number): ReadonlyMap<string, ValueObject> {
  const found = bounded(objectOf(template, name), name, most);
  return new Map(
    Object.entries(found).map(([key, value]) => [
      key,
      isObject(value)
        ? value
        : refuse(`The declaration of '${key}' in the template's ${name} must be an object. ${help}`),
    ]),
  );
}

function readFunctions(template: ValueObject): ReadonlyMap<string, UserFunction> {
  const spaces = memberOf(template, 'functions') ?? [];
  if (!isArray(spaces)) return refuse(`The template's 'functions' must be an array of namespaces. ${help}`);
  const functions = new Map<string, UserFunction>();
  for (const space of spaces) {
    const namespace = isObject(space) ? memberOf(space, 'namespace') : undefined;
    if (!isObject(space) || typeof namespace !== 'string')
      refuse(`A namespace of functions must have a 'namespace'. ${help}`);
    else {
      for (const [name, member] of Object.entries(objectOf(space, 'members'))) {
        functions.set(`${namespace}.${name}`.toLowerCase(), readFunction(member, `${namespace}.${name}`));
      }
    }
  }
  return functions;
}

function readFunction(member: Value, name: string): UserFunction {
  const output = isObject(member) ? memberOf(member, 'output') : undefined;
  const parameters = isObject(member) ? (memberOf(member, 'parameters') ?? []) : [];
  if (!isObject(output) || !isArray(parameters)) return refuse(`The function '${name}' must have an output. ${help}`);
  const names = parameters.map((parameter) => {
    const found = isObject(parameter) ? memberOf(parameter, 'name') : undefined;
    return typeof found === 'string'
      ? found.toLowerCase()
      : refuse(`The parameters of the function '${name}' must have names. ${help}`);
  });
  return { parameters: names, output: memberOf(output, 'value') ?? null };
}

function readResources(found: Value, symbolic: boolean): readonly TemplateResource[] {
  if (symbolic !== isObject(found)) {
    refuse(
      `The template's resources must be ${symbolic ? 'an object of symbolic names in language version 2.0' : 'an array'}. ${help}`,
    );
  }
  const pairs = isObject(found)
    ? Object.entries(found)
    : (isArray(found) ? found : []).map((item) => [undefined, item] as const);
  const resources = pairs.flatMap(([symbol, item]) => readResource(item, symbol, undefined));
  if (resources.length > limits.resources) {
    refuse(
      `The number of template resources limit exceeded. Limit: '${limits.resources}' and actual: '${resources.length}'. ${help}`,
    );
  }
  return resources;
}

/** A resource, followed by the children inside it. */
function readResource(
  found: Value,
  symbol: string | undefined,
  parent: TemplateResource | undefined,
): readonly TemplateResource[] {
  if (!isObject(found)) return refuse(`A resource of the template must be an object. ${help}`);
  const given = (name: string) => memberOf(found, name);
  const [type, apiVersion, copy] = [given('type'), given('apiVersion'), given('copy')];
  const name = given('name');
  if (typeof type !== 'string' || name === undefined)
    return refuse(`A resource of the template must have 'type' and 'name'. ${help}`);
  if (typeof apiVersion !== 'string') return refuse(`The resource of type '${type}' has no 'apiVersion'. ${help}`);
  if (given('import') !== undefined || given('extension') !== undefined) {
    refuse(
      `The resource of type '${type}' belongs to an extension of the language, and extensions are not supported. ${help}`,
    );
  }
  const dependsOn = given('dependsOn') ?? [];
  const children = given('resources') ?? [];
  if (copy !== undefined && isArray(children) && children.length > 0) {
    refuse(`The resource of type '${type}' has a 'copy' and children inside it: move the children out of it. ${help}`);
  }
  const resource: TemplateResource = {
    symbol,
    parent,
    type:
      parent === undefined || type.toLowerCase().startsWith(`${parent.type.toLowerCase()}/`)
        ? type
        : `${parent.type}/${type}`,
    apiVersion,
    name,
    existing: given('existing') === true,
    condition: given('condition') ?? true,
    copy: isObject(copy) ? copy : undefined,
    dependsOn: isArray(dependsOn) ? dependsOn : [dependsOn],
    placement: {
      scope: given('scope'),
      resourceGroup: given('resourceGroup'),
      subscriptionId: given('subscriptionId'),
    },
    body: Object.fromEntries(Object.entries(found).filter(([member]) => !nonBodyMembers.has(member.toLowerCase()))),
  };
  const inside = isArray(children) ? children : [];
  return [resource, ...inside.flatMap((child) => readResource(child, undefined, resource))];
}
