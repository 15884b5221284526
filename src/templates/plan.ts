import { evaluateValue, inLoop } from './evaluate.ts';
import { costOfText, evaluation, newBudget, pay, spend } from './budget.ts';
import type { Budget } from './budget.ts';
import type { DeploymentScope, Frame } from './frame.ts';
import { readLoop } from './loop.ts';
import { inOrder } from './order.ts';
import { checkNames, parameterValue, resolved } from './parameters.ts';
import { outcomeOf, refuse } from './refusal.ts';
import type { TemplateOutcome } from './refusal.ts';
import { idOf, scopeId } from './resource-id.ts';
import type { Standing } from './resource-id.ts';
import { payForSecrets, shownParameters } from './shown-parameters.ts';
import type { ShownParameters } from './shown-parameters.ts';
import { readTemplate } from './template.ts';
import type { Template, TemplateResource } from './template.ts';
import { dependenciesOf, directoryOf, loopNames, referencesIn } from './dependencies.ts';
import type { Directory } from './dependencies.ts';
import { isObject, memberOf } from './value.ts';
import type { Value, ValueObject } from './value.ts';

/** A resource of a deployment: where it stands and what it is, with the body not evaluated yet. */
export interface PlannedResource {
  /** The id in lower case, by which resources are told apart. */
  readonly key: string;
  readonly id: string;
  readonly type: string;
  /** As ids have it without the types: `kv/one`. */
  readonly name: string;
  readonly apiVersion: string;
  /** Its name in a template of language version 2.0, `kv` or, in a loop, `kv[0]`. */
  readonly symbol: string | undefined;
  /** The loop that it comes from. */
  readonly loop: string | undefined;
  readonly standing: Standing;
  /** Not made, only referred to. */
  readonly existing: boolean;
  /** Whether its condition holds; one that does not is not made. */
  readonly wanted: boolean;
  /** Keys of what comes before it. */
  readonly dependsOn: ReadonlySet<string>;
  readonly body: ValueObject;
  readonly frame: Frame;
}

/** A deployment that can be carried out. */
export interface Plan extends ShownParameters {
  /** In the order in which they are made. */
  readonly resources: readonly PlannedResource[];
  readonly outputs: Template['outputs'];
  /** Bicep's user-defined types, which outputs may be of. */
  readonly definitions: ValueObject;
  readonly frame: Frame;
  /** Its resources by the ways in which it names them. */
  readonly directory: Directory;
}

export interface DeploymentRequest {
  readonly template: Value;
  /** Values by name; Key Vault references have been replaced. */
  readonly parameters: ValueObject;
  /** Names, in lower case, of those that were references: their values are secret whatever their type. */
  readonly references: ReadonlySet<string>;
  readonly scope: DeploymentScope;
}

const help = 'Please see https://aka.ms/arm-syntax-resources for usage details.';

/**
 * Reads a template and decides what is made, in which order. Everything is evaluated but the bodies of resources and the
 * outputs: those may refer to what does not exist yet, and follow in `finish.ts`.
 */
export function planDeployment({
  template: found,
  parameters: given,
  references,
  scope,
}: DeploymentRequest): TemplateOutcome<Plan> {
  const budget = newBudget(scope.allowance);
  const request = { template: found, parameters: given, references, scope };
  return outcomeOf(() => evaluation(budget, () => planned(request, budget)));
}

function planned({ template: found, parameters: given, references, scope }: DeploymentRequest, budget: Budget): Plan {
  const template = readTemplate(found);
  const wanted = scope.resourceGroupName === undefined ? 'subscription' : 'resourceGroup';
  if (template.scope !== wanted) {
    refuse(
      `The template's schema is one for the scope of a ${template.scope}, but the deployment is at the scope of a ${wanted}.`,
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
    directory: directoryOf(ordered),
    ...parameters,
  };
}

/** Azure's limit, with what loops make ("Template limits"). */
const resourcesMax = 800;

function allResources(template: Template, frame: Frame): readonly PlannedResource[] {
  const resources: PlannedResource[] = [];
  for (const resource of template.resources) {
    resources.push(...expand(resource, frame));
    if (resources.length > resourcesMax) {
      refuse(
        `The number of template resources limit exceeded. Limit: '${resourcesMax}' and actual: '${resources.length}' or more, with those that loops make. ${help}`,
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
      const declaration = resolved(found.declaration, template.definitions, budget);
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

/** Evaluates each name once, when it is first asked for; one that needs itself is refused. */
function once(what: string, compute: (key: string, asked: string) => Value): (name: string) => Value {
  const known = new Map<string, Value>();
  const underWay = new Set<string>();
  return (name) => {
    const key = name.toLowerCase();
    const value = known.get(key);
    if (value !== undefined) return value;
    if (underWay.has(key)) refuse(`The template ${what} '${name}' needs itself. ${help}`);
    underWay.add(key);
    const computed = compute(key, name);
    underWay.delete(key);
    known.set(key, computed);
    return computed;
  };
}

/** A variable, or the one that a loop in `variables.copy` makes. */
function variableValue(variables: ValueObject, name: string, frame: Frame): Value | undefined {
  const found = name === 'copy' ? undefined : memberOf(variables, name);
  if (found !== undefined) return evaluateValue(found, frame);
  const loops = memberOf(variables, 'copy');
  if (!Array.isArray(loops)) return undefined;
  const made = evaluateValue({ copy: loops }, frame);
  return isObject(made) ? memberOf(made, name) : undefined;
}

/** The resources that one of the template stands for: itself, or as many as its loop counts. */
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
  const standing = standingOf(resource, frame);
  const scope =
    resource.standing.scope === undefined
      ? undefined
      : scopeId(textOf(resource.standing.scope, 'scope', frame), standing);
  // At another group or subscription, `scope` says where the resource stands; below a resource, what it extends.
  const id = idOf({ type: resource.type, names: name.split('/'), scope }, standing);
  if (id === undefined) {
    return refuse(
      `The template resource '${name}' for type '${resource.type}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. ${help}`,
    );
  }
  // It is brought to lower case, and told apart from others by it.
  spend(frame.budget, 8 * costOfText(id));
  const wanted = evaluateValue(resource.condition, frame);
  if (typeof wanted !== 'boolean')
    refuse(`The condition of the template resource '${name}' must be true or false. ${help}`);
  const symbol = loop === undefined ? resource.symbol : `${resource.symbol}[${loop.index}]`;
  return {
    key: id.toLowerCase(),
    id,
    type: resource.type,
    name,
    apiVersion: textOf(resource.apiVersion, 'apiVersion', frame),
    symbol: resource.symbol === undefined ? undefined : symbol,
    loop: loop === undefined ? undefined : (resource.symbol ?? loop.name),
    standing,
    existing: resource.existing,
    wanted,
    dependsOn: new Set(resource.dependsOn.map((needed) => textOf(needed, 'dependsOn', frame))),
    body: resource.body,
    frame,
  };
}

function nameOf(resource: TemplateResource, frame: Frame): string {
  const own = textOf(resource.name, 'name', frame);
  if (resource.parent === undefined) return own;
  const parent = nameOf(resource.parent, frame);
  return own.toLowerCase().startsWith(`${parent.toLowerCase()}/`) ? own : `${parent}/${own}`;
}

function standingOf({ standing }: TemplateResource, frame: Frame): Standing {
  const subscriptionId =
    standing.subscriptionId === undefined
      ? frame.scope.subscriptionId
      : textOf(standing.subscriptionId, 'subscriptionId', frame);
  const resourceGroup =
    standing.resourceGroup === undefined
      ? frame.scope.resourceGroupName
      : textOf(standing.resourceGroup, 'resourceGroup', frame);
  return { subscriptionId, resourceGroup };
}

function textOf(value: Value, member: string, frame: Frame): string {
  const found = evaluateValue(value, frame);
  return typeof found === 'string' && found !== ''
    ? found
    : refuse(`The '${member}' of a template resource must be a text. ${help}`);
}

/** @throws {TemplateRefused} for a resource that stands there twice, one that is not there, or a circle */
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
  const directory = directoryOf(kept);
  const known = { directory, loops: loopNames(template), references: referencesIn() };
  const needs = new Map(kept.map((resource) => [resource.key, dependenciesOf(resource, known)]));
  const sorted = inOrder([...byKey.keys()], needs);
  if (!sorted.ok) {
    const circle = [...sorted.circle, ...sorted.circle.slice(0, 1)].map((key) => byKey.get(key)?.id ?? key);
    refuse(
      `Circular dependency detected on resource: '${circle.join("' → '")}'. Please see https://aka.ms/arm-template/#resources for usage details.`,
    );
    return [];
  }
  return sorted.order.flatMap((key) => {
    const resource = byKey.get(key);
    return resource === undefined ? [] : [{ ...resource, dependsOn: needs.get(key) ?? new Set() }];
  });
}
