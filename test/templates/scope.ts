import { createHash } from 'node:crypto';
import { newAllowance } from '../../src/templates/budget.ts';
import type { DeploymentScope } from '../../src/templates/frame.ts';
import { evaluateValue } from '../../src/templates/evaluate.ts';
import { finishBody, finishOutputs } from '../../src/templates/finish.ts';
import type { References } from '../../src/templates/finish.ts';
import { planDeployment } from '../../src/templates/plan.ts';
import type { Plan } from '../../src/templates/plan.ts';
import { outcomeOf } from '../../src/templates/refusal.ts';
import type { Value, ValueObject } from '../../src/templates/value.ts';

export const subscriptionId = '11111111-2222-4333-8444-555555555555';
export const groupId = `/subscriptions/${subscriptionId}/resourceGroups/rg`;
export const schema = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#';

const scope: Omit<DeploymentScope, 'allowance'> = {
  subscriptionId,
  resourceGroupName: 'rg',
  subscription: { id: `/subscriptions/${subscriptionId}`, subscriptionId, tenantId: 'tenant', displayName: 'S' },
  resourceGroup: { id: groupId, name: 'rg', location: 'westeurope' },
  tenant: { tenantId: 'tenant' },
  deployment: { name: 'main' },
  environment: { suffixes: { keyvaultDns: '.vault.localhost' } },
  deployer: { objectId: 'me' },
  now: Date.UTC(2026, 1, 28, 12, 30, 5),
  newId: () => '00000000-0000-4000-8000-000000000001',
  sha1: (bytes) => createHash('sha1').update(bytes).digest(),
};

/** A scope with its own allowance. Its clock does not move unless another is given. */
export function newScope(clock = () => 0): DeploymentScope {
  return { ...scope, allowance: newAllowance(clock) };
}

/** A complete template with these parts. */
export function templateOf(parts: ValueObject): ValueObject {
  return { $schema: schema, contentVersion: '1.0.0.0', resources: [], ...parts };
}

/** The plan of a template, or the message of its refusal. */
export function planOf(parts: ValueObject, parameters: ValueObject = {}): Plan | string {
  const planned = planDeployment({ template: templateOf(parts), parameters, references: new Set(), scope: newScope() });
  return planned.ok ? planned.value : planned.refusal.message;
}

/** The message of a template's refusal. */
export function refusalOf(parts: ValueObject, parameters: ValueObject = {}): string {
  const plan = planOf(parts, parameters);
  return typeof plan === 'string' ? plan : 'it was not refused';
}

export function expectPlan(parts: ValueObject, parameters: ValueObject = {}): Plan {
  const plan = planOf(parts, parameters);
  if (typeof plan === 'string') throw new Error(`the template was refused: ${plan}`);
  return plan;
}

/** The value of an expression, or the message of its refusal as `{ refused }`. */
export function valueOf(expression: string, parts: ValueObject = {}): Value | { readonly refused: string } {
  const { frame } = expectPlan(parts);
  const outcome = outcomeOf(() => evaluateValue(expression, frame));
  return outcome.ok ? outcome.value : { refused: outcome.refusal.message };
}

/** The body of the resource at `index`, evaluated with these references; or what it needs, or its refusal. */
export function bodyOf(plan: Plan, index: number, references: References = new Map()): unknown {
  const resource = plan.resources[index];
  if (resource === undefined) throw new Error(`there is no resource ${index}`);
  return shown(finishBody(plan, resource, references));
}

export function outputsOf(plan: Plan, references: References = new Map()): unknown {
  return shown(finishOutputs(plan, references));
}

function shown(finished: ReturnType<typeof finishBody> | ReturnType<typeof finishOutputs>): unknown {
  if (!finished.ok) return { refused: finished.refusal.message };
  return finished.value.done ? finished.value.value : { needed: finished.value.needed };
}
