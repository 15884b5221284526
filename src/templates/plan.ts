import { evaluateValue, inLoop } from './evaluate.ts';
import { costOfString, runEvaluation, newBudget, pay, spend } from './budget.ts';
import type { Budget } from './budget.ts';
import type { DeploymentScope, Frame } from './frame.ts';
import { readLoop } from './loop.ts';
import { inOrder } from './order.ts';
import { checkNames, parameterValue, resolveReference } from './parameters.ts';
import { outcomeOf, refuse } from './refusal.ts';
import type { TemplateOutcome } from './refusal.ts';
import { idOf, scopeId } from './resource-id.ts';
import type { Placement } from './resource-id.ts';
import { payForSecrets, shownParameters } from './shown-parameters.ts';
import type { ShownParameters } from './shown-parameters.ts';
import { readTemplate } from './template.ts';
import type { Template, TemplateResource } from './template.ts';
import { dependenciesOf, indexResources, loopNames, referencesIn } from './dependencies.ts';
import type { ResourceIndex } from './dependencies.ts';
import { isObject, memberOf } from './value.ts';
import type { Value, ValueObject } from './value.ts';

/** A resource of a deployment. Its body is not evaluated yet. */
export interface PlannedResource {
  /** The id in lower case, which identifies the resource. */
  readonly key: string;
  readonly id: string;
  readonly type: string;
  /** The names in the id, without types: `kv/one`. */
  readonly name: string;
  readonly apiVersion: string;
  /** Its name in a template of language version 2.0, `kv` or, in a loop, `kv[0]`. */
  readonly symbol: string | undefined;
  /** The name of its loop. */
  readonly loop: string | undefined;
  readonly placement: Placement;
  /** Whether the template only refers to it, without deploying it. */
  readonly existing: boolean;
  /** Whether its condition is true; otherwise it is not deployed. */
  readonly wanted: boolean;
  /** The keys of the resources that must be deployed before it. */
  readonly dependsOn: ReadonlySet<string>;
  readonly body: ValueObject;
  readonly frame: Frame;
}

/** A deployment that is ready to run. */
export interface Plan extends ShownParameters {
  /** In the order of deployment. */
  readonly resources: readonly PlannedResource[];
  readonly outputs: Template['outputs'];
  /** Bicep's user-defined types, for the outputs. */
  readonly definitions: ValueObject;
  readonly frame: Frame;
  /** Its resources by every name that refers to them. */
  readonly index: ResourceIndex;
}

export interface DeploymentRequest {
  readonly template: Value;
  /** Values by name; Key Vault references have been replaced. */
  readonly parameters: ValueObject;
  /** The names, in lower case, of the parameters that were Key Vault references. Their values are secret, whatever their type. */
  readonly references: ReadonlySet<string>;
  readonly scope: DeploymentScope;
}

const help = 'Please see https://aka.ms/arm-syntax-resources for usage details.';

/**
 * Reads a template and decides which resources are deployed, in which order. It evaluates everything except the bodies of
 * resources and the outputs: those may refer to resources that do not exist yet, and are evaluated in `finish.ts`.
 */
export function planDeployment({
  template: found,
  parameters: given,
  references,
  scope,
}: DeploymentRequest): TemplateOutcome<Plan> {
  const budget = newBudget(scope.allowance);
  const request = { template: found, parameters: given, references, scope };
  return outcomeOf(() => runEvaluation(budget, () => planned(request, budget)));
}

function planned({ template: found, parameters: given, references, scope }: DeploymentRequest, budget: Budget): Plan {
  const template = readTemplate(found);
  const wanted = scope.resourceGroupName === undefined ? 'subscription' : 'resourceGroup';
  if (template.scope !== wanted) {
    refuse(
      `The template's schema is for the scope of a ${template.scope}, but the deployment is at the scope of a ${wanted}.`,
    );
  }
  checkNames(given, template.parameters.keys());
  const frame = frameOf(template, { given, references }, { scope, budget });
  const parameters = shownParameters(template, frame, references);
  payForSecrets(parameters.secrets, found, budget);
  const resources = allResources(template, frame);
  for (const { id, apiVersion } of resources) payForSecrets(parameters.secrets, [id, apiVersion], budget);
  const ordered = order(resources, template);
  return {
    resources: ordered,
    outputs: template.outputs,
    definitions: template.definitions,
    frame,
    index: indexResources(ordered),
    ...parameters,
  };
}

/** Azure's limit, which includes the resources of loops ("Template limits"). */
const resourcesMax = 800;

function allResources(template: Template, frame: Frame): readonly PlannedResource[] {
  const resources: PlannedResource[] = [];
  for (const resource of template.resources) {
    resources.push(...expand(resource, frame));
    if (resources.length > resourcesMax) {
      refuse(
        `The number of template resources limit exceeded. Limit: '${resourcesMax}' and actual: '${resources.length}' or more, including the resources of loops. ${help}`,
      );
    }
  }
  return resources;
}

function frameOf(
  template: Template,
  { given, references }: { readonly given: ValueObject; readonly references: ReadonlySet<string> },
  { scope, budget }: { readonly scope: DeploymentScope; readonly budget: Budget },
): Frame {
  const declared = new Map(
    [...template.parameters].map(([name, declaration]) => [name.toLowerCase(), { name, declaration }]),
  );
  const frame: Frame = {
    scope,
    parameter: once('parameter', (key, asked) => {
      const found = declared.get(key);
      if (found === undefined) {
        return refuse(
          `The template parameter '${asked}' is not found. Please see https://aka.ms/arm-syntax-parameters for usage details.`,
        );
      }
      const declaration = resolveReference(found.declaration, template.definitions, budget);
      const secret = references.has(key);
      return parameterValue(found.name, declaration, { given: memberOf(given, found.name), secret, frame });
    }),
    variable: once('variable', (key, asked) => {
      const value = variableValue(template.variables, key, frame);
      if (value !== undefined) {
        pay(budget, value);
        return value;
      }
      return refuse(
        `The template variable '${asked}' is not found. Please see https://aka.ms/arm-syntax-variables for usage details.`,
      );
    }),
    functions: template.functions,
    loops: new Map(),
    lambda: new Map(),
    inDefault: false,
    budget,
  };
  return frame;
}

/** Evaluates each name once, on first use. A name that needs its own value is refused. */
function once(what: string, compute: (key: string, asked: string) => Value): (name: string) => Value {
  const known = new Map<string, Value>();
  const inProgress = new Set<string>();
  return (name) => {
    const key = name.toLowerCase();
    const value = known.get(key);
    if (value !== undefined) return value;
    if (inProgress.has(key)) refuse(`The template ${what} '${name}' refers to itself. ${help}`);
    inProgress.add(key);
    const computed = compute(key, name);
    inProgress.delete(key);
    known.set(key, computed);
    return computed;
  };
}

/** A variable, or one that a loop in `variables.copy` makes. */
function variableValue(variables: ValueObject, name: string, frame: Frame): Value | undefined {
  const found = name === 'copy' ? undefined : memberOf(variables, name);
  if (found !== undefined) return evaluateValue(found, frame);
  const loops = memberOf(variables, 'copy');
  if (!Array.isArray(loops)) return undefined;
  const made = evaluateValue({ copy: loops }, frame);
  return isObject(made) ? memberOf(made, name) : undefined;
}

/** The deployed resources of one in the template: itself, or one for each iteration of its loop. */
function expand(resource: TemplateResource, frame: Frame): readonly PlannedResource[] {
  if (resource.copy === undefined) return [plannedOne(resource, frame, undefined)];
  const { name, count } = readLoop(resource.copy, frame, evaluateValue);
  return Array.from({ length: count }, (_, index) => plannedOne(resource, inLoop(frame, name, index), { name, index }));
}

function plannedOne(
  resource: TemplateResource,
  frame: Frame,
  loop: { readonly name: string; readonly index: number } | undefined,
): PlannedResource {
  const name = nameOf(resource, frame);
  const placement = placementOf(resource, frame);
  const scope =
    resource.placement.scope === undefined
      ? undefined
      : scopeId(stringOf(resource.placement.scope, 'scope', frame), placement);
  // In another group or subscription, `scope` is where the resource is; below a resource, it is what the resource extends.
  const id = idOf({ type: resource.type, names: name.split('/'), scope }, placement);
  if (id === undefined) {
    return refuse(
      `The template resource '${name}' for type '${resource.type}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. ${help}`,
    );
  }
  // The id is converted to lower case and compared with others.
  spend(frame.budget, 8 * costOfString(id));
  const wanted = evaluateValue(resource.condition, frame);
  if (typeof wanted !== 'boolean')
    refuse(`The condition of the template resource '${name}' must be true or false. ${help}`);
  const symbol = loop === undefined ? resource.symbol : `${resource.symbol}[${loop.index}]`;
  return {
    key: id.toLowerCase(),
    id,
    type: resource.type,
    name,
    apiVersion: stringOf(resource.apiVersion, 'apiVersion', frame),
    symbol: resource.symbol === undefined ? undefined : symbol,
    loop: loop === undefined ? undefined : (resource.symbol ?? loop.name),
    placement,
    existing: resource.existing,
    wanted,
    dependsOn: new Set(resource.dependsOn.map((needed) => stringOf(needed, 'dependsOn', frame))),
    body: resource.body,
    frame,
  };
}

function nameOf(resource: TemplateResource, frame: Frame): string {
  const own = stringOf(resource.name, 'name', frame);
  if (resource.parent === undefined) return own;
  const parent = nameOf(resource.parent, frame);
  return own.toLowerCase().startsWith(`${parent.toLowerCase()}/`) ? own : `${parent}/${own}`;
}

function placementOf({ placement }: TemplateResource, frame: Frame): Placement {
  const subscriptionId =
    placement.subscriptionId === undefined
      ? frame.scope.subscriptionId
      : stringOf(placement.subscriptionId, 'subscriptionId', frame);
  const resourceGroup =
    placement.resourceGroup === undefined
      ? frame.scope.resourceGroupName
      : stringOf(placement.resourceGroup, 'resourceGroup', frame);
  return { subscriptionId, resourceGroup };
}

function stringOf(value: Value, member: string, frame: Frame): string {
  const found = evaluateValue(value, frame);
  return typeof found === 'string' && found !== ''
    ? found
    : refuse(`The '${member}' of a template resource must be a string. ${help}`);
}

/** @throws {TemplateRefused} for a duplicate resource, a dependency that does not exist, or a cycle */
function order(resources: readonly PlannedResource[], template: Template): readonly PlannedResource[] {
  const byKey = new Map<string, PlannedResource>();
  for (const resource of resources) {
    const before = byKey.get(resource.key);
    if (before !== undefined && before.wanted && resource.wanted && !before.existing && !resource.existing) {
      refuse(`The resource '${resource.id}' is defined multiple times in a template. ${help}`);
    }
    if (before === undefined || resource.wanted) byKey.set(resource.key, resource);
  }
  const kept = [...byKey.values()];
  const index = indexResources(kept);
  const known = { index, loops: loopNames(template), references: referencesIn() };
  const needs = new Map(kept.map((resource) => [resource.key, dependenciesOf(resource, known)]));
  const sorted = inOrder([...byKey.keys()], needs);
  if (!sorted.ok) {
    const cycle = [...sorted.cycle, ...sorted.cycle.slice(0, 1)].map((key) => byKey.get(key)?.id ?? key);
    refuse(
      `Circular dependency detected on resource: '${cycle.join("' → '")}'. Please see https://aka.ms/arm-template/#resources for usage details.`,
    );
    return [];
  }
  return sorted.order.flatMap((key) => {
    const resource = byKey.get(key);
    return resource === undefined ? [] : [{ ...resource, dependsOn: needs.get(key) ?? new Set() }];
  });
}
