import type { Requirement } from '../../store/store.ts';
import { planDeployment } from '../../templates/plan.ts';
import type { Plan, PlannedResource } from '../../templates/plan.ts';
import { isObject, memberOf, readValue } from '../../templates/value.ts';
import type { Value, ValueObject } from '../../templates/value.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import type { ArmError } from '../long-running/operation.ts';
import { refuse } from '../operation.ts';
import type { ControlCall, ControlServices } from '../operation.ts';
import { findGroup } from '../resource-groups/resource-groups.ts';
import { parameterValues } from './key-vault-references.ts';
import { revealsSecret, maskOf } from './mask.ts';
import type { Mask } from './mask.ts';
import { deploymentScope } from './scope.ts';

/** A requested deployment: its name, scope and contents. */
export interface AskedDeployment {
  readonly name: string;
  /** Absent at the scope of the subscription. */
  readonly resourceGroup: string | undefined;
  readonly location: string | undefined;
  readonly properties: unknown;
}

/** A deployment that is planned and can be carried out. */
export interface Prepared {
  readonly plan: Plan;
  readonly template: Value;
  /** Masks the values of its secret parameters. */
  readonly mask: Mask;
  /** Its group as stored, and the requirement that it still exists. */
  readonly group: ResourceGroupRecord | undefined;
  readonly require: readonly Requirement[];
}

/** The members of `properties` that are accepted. */
const acceptedMembers = new Set([
  'mode',
  'template',
  'parameters',
  'debugSetting',
  'expressionEvaluationOptions',
  'whatIfSettings',
  'validationLevel',
]);

const nameForm = /^[-\w.()]{1,64}$/;

/**
 * Reads a request and the secrets that it refers to, and plans the deployment. Changes nothing.
 * @throws {Refused} for a deployment that cannot be carried out
 */
export async function prepare(
  asked: AskedDeployment,
  call: ControlCall,
  services: Pick<ControlServices, 'evaluate' | 'inner' | 'readSecret'>,
): Promise<Prepared> {
  if (!nameForm.test(asked.name)) {
    return invalid(
      `The deployment name '${asked.name}' is invalid: 1 to 64 letters, digits, hyphens, underscores, brackets and full stops.`,
    );
  }
  const { group, require } = await groupOf(asked, call);
  const properties = readValue(asked.properties);
  if (!isObject(properties))
    return invalid("The deployment's 'properties' must be an object with 'mode' and 'template'.");
  const unfit = unsupported(properties);
  if (unfit !== undefined) return invalid(unfit);
  const template = memberOf(properties, 'template');
  if (template === undefined) return invalid("The deployment's 'properties' must have a 'template'.");
  const given = memberOf(properties, 'parameters') ?? {};
  const { values, references } = await parameterValues(given, call, services);
  const scope = deploymentScope(call, {
    name: asked.name,
    group,
    ...(asked.location !== undefined && { location: asked.location }),
  });
  const planned = await services.evaluate(() => planDeployment({ template, parameters: values, references, scope }));
  if (!planned.ok) {
    const secrets = possibleSecrets(template, values, references);
    return refuse({ ...planned.refusal, message: maskMessage(planned.refusal.message, secrets, call) });
  }
  const plan = planned.value;
  const mask = maskOf(plan.secrets, call.deployment?.mask);
  const revealed = plan.resources.find((resource) => revealsSecret(resource, mask));
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
  return { plan, template, mask, group, require };
}

function invalid(message: string): never {
  return refuse({ kind: 'invalidDeployment', message });
}

async function groupOf({ resourceGroup }: AskedDeployment, { store, subscription }: ControlCall) {
  if (resourceGroup === undefined) return { group: undefined, require: [] };
  const { subscriptionId } = subscription;
  const record =
    (await findGroup(store, { subscriptionId, resourceGroup })) ??
    refuse({ kind: 'resourceGroupNotFound', name: resourceGroup });
  return { group: record.value, require: [{ key: record.key, version: record.version }] };
}

/** The message about a property that is not supported, with the remedy; `undefined` if all are. */
function unsupported(properties: ValueObject): string | undefined {
  const mode = memberOf(properties, 'mode') ?? 'Incremental';
  if (typeof mode !== 'string' || mode.toLowerCase() !== 'incremental') {
    return `The deployment mode '${JSON.stringify(mode)}' is not supported: only 'Incremental' is. Delete the resources that the template leaves out yourself.`;
  }
  for (const [name, value] of Object.entries(properties)) {
    const known = [...acceptedMembers].some((member) => member.toLowerCase() === name.toLowerCase());
    if (!known && value !== null) {
      const instead = /link$/i.test(name)
        ? 'This server does not follow links: send the JSON itself.'
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

/** The errors of a resource for which no operation exists, or that is in another subscription. */
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

/**
 * The strings that an error about the template must not show. If the template cannot be read, it is not known which
 * parameters are secure, so every value counts.
 */
function possibleSecrets(template: Value, values: ValueObject, references: ReadonlySet<string>): readonly string[] {
  const mayBeSecure = /"secure(?:string|object)"/i.test(JSON.stringify(template));
  return Object.entries(values)
    .filter(([name]) => mayBeSecure || references.has(name.toLowerCase()))
    .flatMap(([, value]) => stringsIn(value));
}

/** The most work of masking a message: its characters times the strings to mask. */
const searchedMax = 1_000_000;

function maskMessage(message: string, secrets: readonly string[], call: ControlCall): string {
  if (secrets.length * message.length <= searchedMax) return maskOf(secrets, call.deployment?.mask)(message);
  return 'The template is not valid. The reason is not shown, because it could contain one of the many secure parameters.';
}

function stringsIn(value: Value): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
