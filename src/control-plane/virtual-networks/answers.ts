import type { Accepted } from '../long-running/operation.ts';
import type { ControlCall } from '../operation.ts';
import { answer } from '../outcome.ts';

interface NetworkBody {
  readonly etag?: string;
}

/** What is shown of Microsoft.Network, with its etag as a header too (recorded: azure-cli `test_network_vnet`). */
export function networkShown(body: NetworkBody) {
  const headers = body.etag === undefined ? {} : { headers: { etag: body.etag } };
  return { ok: true, answer: { status: 200, body, ...headers } } as const;
}

/**
 * The answer to a PUT: what was put is in force with it, but it says `Updating` and where to ask how far it is, as Azure
 * does. Who asks is told that it is done.
 */
export function networkPut(
  call: ControlCall,
  { created, location, body }: { readonly created: boolean; readonly location: string; readonly body: NetworkBody },
) {
  return { ...answer(created ? 201 : 200, updating(body)), accepted: doneWith(call, location) };
}

/** The answer to a DELETE, which is over with it as well. */
export function networkDeleted(call: ControlCall, location: string) {
  const { statusPath, ...accepted } = doneWith(call, location);
  const resultPath = (id: string) => statusPath(id).replace('/operations/', '/operationResults/');
  return { ...answer(202), accepted: { ...accepted, statusPath, resultPath } };
}

function doneWith({ subscription, path }: ControlCall, location: string): Accepted {
  const operations = `/subscriptions/${subscription.subscriptionId}/providers/Microsoft.Network/locations/${location}/operations`;
  return {
    kind: 'done',
    resourceId: path,
    statusPath: (id) => `${operations}/${id}`,
    header: 'azure-asyncoperation',
  };
}

/** A body as it is while it is changed: the resource and what lies in it. */
export function updating(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(updating);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, content]: [string, unknown]) => [
      member,
      member === 'provisioningState' ? 'Updating' : updating(content),
    ]),
  );
}
