import { isResourceGroupName, resourceGroupKey } from '../../resources/keys.ts';
import { readRecords } from '../../store/records.ts';
import type { Requirement } from '../../store/store.ts';
import { planDeployment } from '../../templates/plan.ts';
import type { Plan, PlannedResource } from '../../templates/plan.ts';
import { isObject, memberOf, readValue } from '../../templates/value.ts';
import type { Value, ValueObject } from '../../templates/value.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import type { ArmError } from '../long-running/operation.ts';
import { refuse } from '../operation.ts';
import type { ControlCall, ControlOutcome, ControlServices } from '../operation.ts';
import { parameterValues } from './key-vault-references.ts';
import { isRevealed, maskOf } from './mask.ts';
import type { Mask } from './mask.ts';
import { deploymentScope } from './scope.ts';

/** A deployment that is asked for: which, where and what. */
export interface AskedDeployment {
  readonly name: string;
  /** Absent at the scope of the subscription. */
  readonly resourceGroup: string | undefined;
  readonly location: string | undefined;
  readonly properties: unknown;
}

/** A deployment that can be carried out. */
export interface Prepared {
  readonly plan: Plan;
  readonly template: Value;
  /** Takes the values of its secret parameters out of a text. */
  readonly mask: Mask;
  /** Its group as it is spelt, and the word on which it is there. */
  readonly group: ResourceGroupRecord | undefined;
  readonly require: readonly Requirement[];
}

type Refused = Extract<ControlOutcome, { ok: false }>;

/** Members of `properties` that change nothing here. */
const harmless = new Set([
  'mode',
  'template',
  'parameters',
  'debugSetting',
  'expressionEvaluationOptions',
  'whatIfSettings',
  'validationLevel',
]);

const nameForm = /^[-\w.()]{1,64}$/;

/** Reads what a request asks for, the secrets that it refers to, and plans it. Nothing is changed. */
export async function prepare(
  asked: AskedDeployment,
  call: ControlCall,
  services: Pick<ControlServices, 'evaluate' | 'inner' | 'readSecret'>,
): Promise<{ readonly ok: true; readonly prepared: Prepared } | Refused> {
  if (!nameForm.test(asked.name)) {
    return invalid(
      `The deployment name '${asked.name}' is invalid: 1 to 64 letters, digits, hyphens, underscores, brackets and full stops.`,
    );
  }
  const group = await groupOf(asked, call);
  if (!group.ok) return group;
  const properties = readValue(asked.properties);
  if (!isObject(properties))
    return invalid("The deployment's 'properties' must be an object with 'mode' and 'template'.");
  const unfit = unsupported(properties);
  if (unfit !== undefined) return invalid(unfit);
  const template = memberOf(properties, 'template');
  if (template === undefined) return invalid("The deployment's 'properties' must have a 'template'.");
  const parameters = await parameterValues(memberOf(properties, 'parameters') ?? {}, call, services);
  if (!parameters.ok) return parameters;
  const scope = deploymentScope(call, {
    name: asked.name,
    group: group.record,
    ...(asked.location !== undefined && { location: asked.location }),
  });
  const { values, references } = parameters;
  const planned = await services.evaluate(() => planDeployment({ template, parameters: values, references, scope }));
  if (!planned.ok) {
    const secrets = possibleSecrets(template, values, references);
    return refuse({ ...planned.refusal, message: hide(planned.refusal.message, secrets, call) });
  }
  const plan = planned.value;
  const mask = maskOf(plan.secrets, call.deployment?.mask);
  const revealed = plan.resources.find((resource) => isRevealed(resource, mask));
  if (revealed !== undefined) {
    return refuse({
      kind: 'invalidTemplate',
      message: `The template resource '${mask(revealed.name)}' for type '${revealed.type}' is not valid: its id or its apiVersion would reveal the value of a secure parameter or of a Key Vault reference.`,
    });
  }
  const details = plan.resources.flatMap((resource) => cannotBeMade(resource, { call, ...services }));
  if (details.length > 0) {
    return refuse({
      kind: 'deploymentNotValid',
      name: asked.name,
      trackingId: call.origin.correlationId,
      details,
    });
  }
  return { ok: true, prepared: { plan, template, mask, group: group.record, require: group.require } };
}

function invalid(message: string): Refused {
  return refuse({ kind: 'invalidDeployment', message });
}

async function groupOf({ resourceGroup }: AskedDeployment, call: ControlCall) {
  if (resourceGroup === undefined) return { ok: true, record: undefined, require: [] } as const;
  const { subscriptionId } = call.subscription;
  const [record] = isResourceGroupName(resourceGroup)
    ? await readRecords(call.store, { get: [resourceGroupKey({ subscriptionId, resourceGroup })] })
    : [];
  if (record === undefined) return refuse({ kind: 'resourceGroupNotFound', name: resourceGroup });
  const require = [{ key: record.key, version: record.version }];
  return { ok: true, record: record.value, require } as const;
}

/** What of a deployment's properties cannot be done, in a sentence that says what to do instead. */
function unsupported(properties: ValueObject): string | undefined {
  const mode = memberOf(properties, 'mode') ?? 'Incremental';
  if (typeof mode !== 'string' || mode.toLowerCase() !== 'incremental') {
    return `The deployment mode '${JSON.stringify(mode)}' is not supported: only 'Incremental' is. Delete what the template leaves out yourself.`;
  }
  for (const [name, value] of Object.entries(properties)) {
    const known = [...harmless].some((member) => member.toLowerCase() === name.toLowerCase());
    if (!known && value !== null) {
      const instead = /link$/i.test(name)
        ? 'This server fetches nothing from elsewhere: send the JSON itself.'
        : 'Leave it out.';
      return `The deployment property '${name}' is not supported. ${instead}`;
    }
  }
  const debug = memberOf(properties, 'debugSetting');
  const level = isObject(debug) ? memberOf(debug, 'detailLevel') : undefined;
  if (level === undefined || level === null || (typeof level === 'string' && level.toLowerCase() === 'none'))
    return undefined;
  return "The deployment property 'debugSetting.detailLevel' must be 'none': requests and responses are not recorded.";
}

/** A resource for which there is no operation, or that stands in another subscription. */
function cannotBeMade(
  { existing, wanted, id, type, apiVersion }: PlannedResource,
  { call, inner }: { readonly call: ControlCall } & Pick<ControlServices, 'inner'>,
): readonly ArmError[] {
  if (existing || !wanted) return [];
  const root = `/subscriptions/${call.subscription.subscriptionId}/`.toLowerCase();
  if (!id.toLowerCase().startsWith(root)) {
    return [
      {
        code: 'InvalidTemplate',
        target: id,
        message: `The resource '${id}' is not in the subscription of the deployment.`,
      },
    ];
  }
  if (inner.knows({ method: 'PUT', path: id })) return [];
  const message = `The resource type '${type}' could not be found for api version '${apiVersion}': this server has no such resources.`;
  return [{ code: 'InvalidResourceType', target: id, message }];
}

/** Which parameters are secure is not known when the template cannot be read: then no value is shown. */
function possibleSecrets(template: Value, values: ValueObject, references: ReadonlySet<string>): readonly string[] {
  const mayBeSecure = /"secure(?:string|object)"/i.test(JSON.stringify(template));
  return Object.entries(values)
    .filter(([name]) => mayBeSecure || references.has(name.toLowerCase()))
    .flatMap(([, value]) => stringsIn(value));
}

/** Characters of a message times the strings that are looked for in it. */
const searchedMax = 1_000_000;

function hide(message: string, secrets: readonly string[], call: ControlCall): string {
  if (secrets.length * message.length <= searchedMax) return maskOf(secrets, call.deployment?.mask)(message);
  return 'The template is not valid. The reason is not shown, because it could contain one of the many secure parameters.';
}

function stringsIn(value: Value): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
