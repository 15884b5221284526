import type { Answer } from '../../http/answer.ts';
import { finishBody, finishOutputs, outputReveals } from '../../templates/finish.ts';
import type { Finished, NeededResource, Output, References } from '../../templates/finish.ts';
import type { Plan, PlannedResource } from '../../templates/plan.ts';
import { isObject, readValue } from '../../templates/value.ts';
import type { ValueObject } from '../../templates/value.ts';
import { errorOf } from '../inner.ts';
import type { Evaluate } from './evaluations.ts';
import type { ArmError } from '../long-running/operation.ts';
import { revealsSecret, maskError, maskValue } from './mask.ts';
import type { Mask } from './mask.ts';

/** The effects of a deployment's steps, real or in a trial. */
export interface Effects {
  /** Reads the state of a resource, for `reference`. */
  readonly read: (needed: NeededResource) => Promise<Answer>;
  /** Creates or updates a resource. */
  readonly make: (resource: PlannedResource, body: ValueObject) => Promise<Made>;
  /** Called before each resource. */
  readonly canceled: () => Promise<boolean>;
  /** Masks the secrets of this deployment and of those around it. */
  readonly mask: Mask;
  readonly evaluate: Evaluate;
}

export type Made = { readonly ok: true } | { readonly ok: false; readonly error: ArmError };

export type Executed =
  | { readonly kind: 'done'; readonly outputs: Readonly<Record<string, Output>> }
  | { readonly kind: 'failed'; readonly error: ArmError }
  | { readonly kind: 'canceled' };

/** The number of resources of a plan that are done. */
export interface Progress {
  done: number;
}

/**
 * Creates the resources of a plan one after the other. The first failure ends it: later resources are not created, and
 * earlier ones stay. If it throws, call it again with the same `progress`: it continues from the resource at which it
 * stopped.
 */
export async function execute(plan: Plan, effects: Effects, progress?: Progress): Promise<Executed> {
  const executed = await executePlan(plan, effects, progress ?? { done: 0 });
  // The message of a failed evaluation may quote a value.
  return executed.kind === 'failed' ? failed(maskError(executed.error, effects.mask)) : executed;
}

async function executePlan(plan: Plan, effects: Effects, progress: Progress): Promise<Executed> {
  for (const resource of plan.resources.slice(progress.done)) {
    const isSkipped = resource.existing || !resource.wanted;
    const end = isSkipped ? undefined : await makeNext(plan, resource, effects);
    if (end !== undefined) return end;
    progress.done += 1;
  }
  if (await effects.canceled()) return { kind: 'canceled' };
  const outputs = await settle((references) => finishOutputs(plan, references), effects);
  if (!outputs.ok) return failed(outputs.error);
  const revealing = Object.entries(outputs.value).find(([, { value = null }]) => {
    return JSON.stringify(maskValue(value, effects.mask)) !== JSON.stringify(value);
  });
  if (revealing !== undefined) return failed({ code: 'InvalidTemplate', message: outputReveals(revealing[0]) });
  return { kind: 'done', outputs: outputs.value };
}

/** Creates a resource; returns the end of the deployment if it ends here. */
async function makeNext(plan: Plan, resource: PlannedResource, effects: Effects): Promise<Executed | undefined> {
  if (await effects.canceled()) return { kind: 'canceled' };
  const body = await settle((references) => finishBody(plan, resource, references), effects, resource.id);
  if (!body.ok) return failed(body.error);
  const made = await effects.make(resource, body.value);
  return made.ok ? undefined : failed({ ...made.error, target: made.error.target ?? resource.id });
}

function failed(error: ArmError): Executed {
  return { kind: 'failed', error };
}

/** The most resources that one body may refer to; each is read once for it. */
const referencesMax = 1000;

/** Evaluates until no reference is missing, each time with the state of one more resource. */
async function settle<T>(
  step: (references: References) => Finished<T>,
  effects: Effects,
  target?: string,
): Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ArmError }> {
  const references = new Map<string, ValueObject>();
  while (references.size < referencesMax) {
    const outcome = await effects.evaluate(() => step(references));
    if (!outcome.ok) {
      const where = target === undefined ? 'the outputs' : `resource '${target}'`;
      const message = `Unable to process template language expressions for ${where}. '${outcome.refusal.message}'`;
      return { ok: false, error: { code: 'InvalidTemplate', message } };
    }
    if (outcome.value.done) return { ok: true, value: outcome.value.value };
    const { needed } = outcome.value;
    if (revealsSecret(needed, effects.mask)) {
      const value = 'the value of a secure parameter or of a Key Vault reference';
      const message = `The id of a referenced resource, '${needed.id}', would reveal ${value}.`;
      return { ok: false, error: { code: 'InvalidTemplate', message } };
    }
    const answer = await effects.read(needed);
    const state = readValue(answer.body);
    if (answer.status >= 400 || !isObject(state)) return { ok: false, error: errorOf(answer) };
    references.set(needed.id.toLowerCase(), state);
  }
  const message = `One resource, or the outputs, cannot refer to ${referencesMax} resources or more.`;
  return { ok: false, error: { code: 'InvalidTemplate', message } };
}
