import { resourcesNamed } from './dependencies.ts';
import { copyOf, evaluateValue } from './evaluate.ts';
import { runEvaluation, pay, paySearch, spend } from './budget.ts';
import type { Budget } from './budget.ts';
import type { Frame, ReferenceArguments } from './frame.ts';
import { resolveReference, typeOf } from './parameters.ts';
import type { Plan, PlannedResource } from './plan.ts';
import { outcomeOf, refuse } from './refusal.ts';
import type { TemplateOutcome } from './refusal.ts';
import { isObject, memberOf } from './value.ts';
import type { Value, ValueObject } from './value.ts';

/** A resource whose state is needed to continue the evaluation. */
export interface NeededResource {
  readonly id: string;
  readonly apiVersion: string;
}

/** The states of resources by id in lower case, as the resource manager returns them. */
export type References = ReadonlyMap<string, ValueObject>;

/** A value, or the resource whose state it depends on: read that and try again. */
export type Finished<T> = TemplateOutcome<
  { readonly done: true; readonly value: T } | { readonly done: false; readonly needed: NeededResource }
>;

/** Ends an evaluation that needs the state of a resource that has not been read yet. */
class StateNeeded extends Error {
  override readonly name = 'StateNeeded';
  readonly needed: NeededResource;

  constructor(needed: NeededResource) {
    super(needed.id);
    this.needed = needed;
  }
}

/** The request body that creates a resource. */
export function finishBody(plan: Plan, resource: PlannedResource, references: References): Finished<ValueObject> {
  return finished(plan, () => {
    const frame = atRuntime(plan, resource.frame, references);
    const body = isDeployment(resource) ? nestedBody(resource.body, frame) : evaluateValue(resource.body, frame);
    pay(frame.budget, body);
    return isObject(body) ? body : {};
  });
}

/** An output in the deployment's record. A secure one has only the type. */
export interface Output {
  readonly type: string;
  readonly value?: Value;
}

export function finishOutputs(plan: Plan, references: References): Finished<Readonly<Record<string, Output>>> {
  return finished(plan, () => {
    const frame = atRuntime(plan, plan.frame, references);
    const outputs = [...plan.outputs].flatMap(([name, declaration]) => {
      if (evaluateValue(memberOf(declaration, 'condition') ?? true, frame) !== true) return [];
      return [[name, finishOutput(name, declaration, { plan, frame })] as const];
    });
    return Object.fromEntries(outputs);
  });
}

function finishOutput(
  name: string,
  declared: ValueObject,
  { plan, frame }: { readonly plan: Plan; readonly frame: Frame },
): Output {
  const declaration = resolveReference(declared, plan.definitions, frame.budget);
  const type = typeOf(name, declaration);
  const copy = memberOf(declaration, 'copy');
  const value = isObject(copy)
    ? copyOf({ name, ...copy }, frame)[1]
    : evaluateValue(memberOf(declaration, 'value') ?? null, frame);
  pay(frame.budget, value);
  const optional = value === null && memberOf(declaration, 'nullable') === true;
  if (!optional && !type.holds(value)) {
    refuse(`The template output '${name}' is not valid: its value is not of type '${type.name}'.`);
  }
  if (type.secure) return { type: type.name };
  if (reveals(value, plan.secrets, frame.budget)) {
    refuse(outputReveals(name));
  }
  return { type: type.name, value };
}

/** The refusal of an output that would reveal a secret. */
export function outputReveals(name: string): string {
  return `The template output '${name}' is not valid: it would reveal the value of a secure parameter or of a Key Vault reference. Give it the type securestring or secureobject.`;
}

/** A shorter secret may occur in a string by chance. */
const revealingLength = 6;

function reveals(value: Value, secrets: readonly string[], budget: Budget): boolean {
  if (typeof value === 'string') {
    for (const secret of secrets) paySearch(budget, value, secret);
    return secrets.some((secret) => value === secret || (secret.length >= revealingLength && value.includes(secret)));
  }
  if (isObject(value) && Object.keys(value).some((name) => reveals(name, secrets, budget))) return true;
  return (
    typeof value === 'object' && value !== null && Object.values(value).some((item) => reveals(item, secrets, budget))
  );
}

export function isDeployment({ type }: Pick<PlannedResource, 'type'>): boolean {
  return type.toLowerCase() === 'microsoft.resources/deployments';
}

/**
 * The body of a nested deployment. With the scope `inner`, its template is left as it is and evaluated separately. With
 * `outer`, the default, it is evaluated here; its strings are then escaped, so that they are not evaluated again.
 */
function nestedBody(body: ValueObject, frame: Frame): Value {
  const properties = memberOf(body, 'properties');
  if (!isObject(properties)) return evaluateValue(body, frame);
  const options = memberOf(properties, 'expressionEvaluationOptions');
  const scope = isObject(options) ? evaluateValue(memberOf(options, 'scope') ?? 'outer', frame) : 'outer';
  const inner = typeof scope === 'string' && scope.toLowerCase() === 'inner';
  const members = Object.entries(properties).map(([name, value]) => {
    if (name.toLowerCase() !== 'template') return [name, evaluateValue(value, frame)] as const;
    return [name, inner ? value : literal(evaluateValue(value, frame))] as const;
  });
  const rest = Object.entries(body).filter(([name]) => name.toLowerCase() !== 'properties');
  return Object.fromEntries([
    ...rest.map(([name, value]) => [name, evaluateValue(value, frame)] as const),
    ['properties', Object.fromEntries(members)] as const,
  ]);
}

function literal(value: Value): Value {
  if (typeof value === 'string') return value.startsWith('[') && value.endsWith(']') ? `[${value}` : value;
  if (Array.isArray(value)) return value.map(literal);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, literal(item)]));
}

function finished<T>({ frame }: Plan, step: () => T): Finished<T> {
  try {
    const outcome = outcomeOf(() => runEvaluation(frame.budget, step));
    return outcome.ok ? { ok: true, value: { done: true, value: outcome.value } } : outcome;
  } catch (error) {
    if (error instanceof StateNeeded) return { ok: true, value: { done: false, needed: error.needed } };
    throw error;
  }
}

/** A frame in which `reference` has a value. */
function atRuntime(plan: Plan, frame: Frame, references: References): Frame {
  const stateOf = (asked: ReferenceArguments, resource: PlannedResource | undefined) => {
    const id = resource?.id ?? asked.resource;
    const apiVersion = asked.apiVersion ?? resource?.apiVersion;
    if (!id.startsWith('/') || apiVersion === undefined) {
      return refuse(
        `The template function 'reference' cannot find '${asked.resource}': it is not defined in the template, so give its id and an api-version. Please see https://aka.ms/arm-functions for usage details.`,
      );
    }
    const state = references.get(id.toLowerCase());
    if (state === undefined) throw new StateNeeded({ id, apiVersion });
    return asked.full ? state : (memberOf(state, 'properties') ?? {});
  };
  const { budget } = frame;
  const { index, resources } = plan;
  const inLoopOf = (symbol: string) => {
    const lower = symbol.toLowerCase();
    spend(budget, resources.length);
    return resources.filter(({ loop }) => loop?.toLowerCase() === lower);
  };
  return {
    ...frame,
    runtime: {
      reference(asked) {
        const { subscriptionId, resourceGroupName: resourceGroup } = frame.scope;
        const found = resourcesNamed(asked.resource, { subscriptionId, resourceGroup }, index);
        return stateOf(asked, found.length === 1 ? found[0] : undefined);
      },
      information(symbol) {
        const lower = symbol.toLowerCase();
        const found = index.symbols.get(lower)?.find((one) => one.symbol?.toLowerCase() === lower);
        if (found === undefined) return refuse(`The symbolic name '${symbol}' is not defined in the template.`);
        const { id, name, type, apiVersion } = found;
        return { id, name: name.split('/').at(-1) ?? name, type, apiVersion };
      },
      loop: (symbol, full) =>
        inLoopOf(symbol).map((resource) => stateOf({ resource: symbol, apiVersion: undefined, full }, resource)),
    },
  };
}
