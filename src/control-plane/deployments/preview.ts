import { setImmediate } from 'node:timers/promises';
import type { Answer } from '../../http/answer.ts';
import { deploymentKey } from '../keys.ts';
import { recordPut } from '../../store/records.ts';
import { Conflict, readEach } from '../../store/store.ts';
import type { Plan, PlannedResource } from '../../templates/plan.ts';
import { isDeployment } from '../../templates/finish.ts';
import type { ValueObject } from '../../templates/value.ts';
import { errorOf } from '../inner.ts';
import { behalfOf, OperationRefused } from '../operation.ts';
import type { ControlCall, ControlServices } from '../operation.ts';
import { renderError } from '../errors.ts';
import { execute } from './execute.ts';
import type { Effects, Executed, Made } from './execute.ts';
import { maskError } from './mask.ts';
import type { Mask } from './mask.ts';
import { newDeployment } from './create-or-update.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import type { DeploymentRecord } from './record.ts';
import type { List, Read, Requirement, Store, StoredRecord, Transaction, Version } from '../../store/store.ts';

/** A resource before the deployment and after it; `before` is `undefined` for a new one. */
export interface Previewed {
  readonly id: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The request whose store is an overlay, and a callback for each resource that the plan would change. */
interface Trial {
  readonly call: ControlCall;
  readonly services: ControlServices;
  readonly seen: (previewed: Previewed) => void;
}

/**
 * Carries a plan out in a trial: `call.store` is an overlay of the real store, so each operation decides as usual, with
 * the same permissions, and nothing is changed.
 */
export function preview(plan: Plan, mask: Mask, { call, services, seen }: Trial): Promise<Executed> {
  const ask = (
    method: 'GET' | 'PUT',
    { id: path, apiVersion }: Pick<PlannedResource, 'id' | 'apiVersion'>,
    body?: ValueObject,
  ) =>
    services.inner.preview(
      behalfOf(call),
      { method, path, apiVersion, deployment: { mask }, ...(body !== undefined && { body }) },
      call.store,
    );
  const effects: Effects = {
    mask,
    evaluate: services.evaluate,
    read: (needed) => ask('GET', needed),
    canceled: async () => false,
    async make(resource, body) {
      // A trial never waits for I/O by itself, and one of 800 resources would block other requests.
      await setImmediate();
      if (isDeployment(resource)) {
        const { allowance } = plan.frame.scope;
        return previewNested(resource, body, {
          mask,
          call: { ...call, deployment: { mask, allowance } },
          services,
          seen,
        });
      }
      const before: Answer = await ask('GET', resource);
      const after = await ask('PUT', resource, body);
      if (after.status >= 400) return { ok: false, error: maskError(errorOf(after), mask) };
      seen({ id: resource.id, before: before.status === 200 ? before.body : undefined, after: after.body });
      return { ok: true };
    },
  };
  return execute(plan, effects);
}

async function previewNested(
  { id, name, placement }: PlannedResource,
  body: ValueObject,
  { mask, call, services, seen }: Trial & { readonly mask: Mask },
): Promise<Made> {
  const { location, properties } = body;
  const asked = {
    name,
    resourceGroup: placement.resourceGroup,
    location: typeof location === 'string' ? location : undefined,
    properties,
  };
  let nested: Prepared;
  try {
    nested = await prepare(asked, call, services);
  } catch (error) {
    if (!(error instanceof OperationRefused)) throw error;
    const { body: refused } = renderError(error.refusal, call.subscription.tenantId);
    return { ok: false, error: maskError({ target: id, ...refused.error }, mask) };
  }
  const executed = await preview(nested.plan, nested.mask, { call, services, seen });
  if (executed.kind !== 'done') return executed.kind === 'failed' ? { ok: false, error: executed.error } : { ok: true };
  // The deployment around this one may refer to its outputs.
  const record = newDeployment(asked, nested, call);
  const done: DeploymentRecord = { ...record, state: 'Succeeded', endedAt: call.nowMs, outputs: executed.outputs };
  const key = deploymentKey(record.subscriptionId, record.resourceGroup, record.name);
  await call.store.transact({ put: [recordPut(key, done)] });
  return { ok: true };
}

const pageSize = 500;

/**
 * A store that keeps its changes in memory over another store, which never changes. A deployment can be tried on it:
 * each resource finds those that the earlier steps would have created.
 */
export function overlay(base: Store): Store {
  /** `undefined`: deleted. */
  const changed = new Map<string, StoredRecord | undefined>();
  let versions = 0;

  async function check(require: readonly Requirement[] = []): Promise<void> {
    const below: Requirement[] = [];
    for (const requirement of require) {
      if (!changed.has(requirement.key)) below.push(requirement);
      else if ((changed.get(requirement.key)?.version ?? null) !== requirement.version)
        throw new Conflict(requirement.key);
    }
    await base.read({ require: below, get: [] });
  }

  async function list({ require, prefix, after, limit }: List): Promise<readonly StoredRecord[]> {
    await check(require);
    const over = [...changed.values()].filter(
      (record) => record !== undefined && record.key.startsWith(prefix) && (after === undefined || record.key > after),
    );
    const found: StoredRecord[] = over.flatMap((record) => (record === undefined ? [] : [record]));
    const above = found.length;
    for (let from = after; ;) {
      const page = await base.list({ prefix, after: from, limit: pageSize });
      found.push(...page.filter(({ key }) => !changed.has(key)));
      from = page.at(-1)?.key;
      if (page.length < pageSize || found.length - above >= limit) break;
    }
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  async function read({ require, get }: Read): Promise<readonly (StoredRecord | undefined)[]> {
    await check(require);
    const below = await base.read({ get });
    return get.map((key, index) => (changed.has(key) ? changed.get(key) : below[index]));
  }

  async function transact({ require, put = [], delete: gone = [] }: Transaction): Promise<readonly Version[]> {
    await check(require);
    const made = put.map(({ key, value, version }): Version => {
      versions += 1;
      const record = { key, value, version: version ?? `over-${versions}` };
      changed.set(key, record);
      return record.version;
    });
    for (const key of gone) changed.set(key, undefined);
    return made;
  }

  return {
    read,
    list,
    readMany: (requests) => readEach({ read, list }, requests),
    transact,
    changes: (since, limit) => base.changes(since, limit),
    close: async () => {},
  };
}
