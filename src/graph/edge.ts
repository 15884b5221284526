import { refusalOf } from '../edge/edge.ts';
import type { Done, Edge, Failed } from '../edge/edge.ts';
import { pathOf } from '../http/request.ts';
import { wait } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import { merge, requiringStore } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { renderError } from './errors.ts';
import type { ErrorTrace } from './errors.ts';
import type { GraphCall } from './operation.ts';
import { steps } from './pipeline.ts';
import type { Admitted, GraphRequest, KnownSoFar, StepServices } from './pipeline.ts';
import { recordOf } from './record.ts';
import type { GraphRefusal } from './refusal.ts';

export interface EdgeServices extends StepServices {
  readonly store: Store;
  /** A new random GUID. */
  readonly newId: () => string;
}

/** The edge of the directory, in the form of Microsoft Graph. */
export const graphEdge: Edge<GraphRequest, EdgeServices, Omit<Admitted, 'request'>> = {
  steps,
  // A change itself requires the versions of the directory that it depends on.
  requirements: ({ caller, tokenKeys = [] }) => (caller === undefined ? [] : tokenKeys),
  work,
  failed,
  async renew(key, _known, { verifier }) {
    await verifier.renew(key);
  },
  over: ({ queue }) => queue?.leave(),
};

function* work(admitted: Admitted, services: EdgeServices): Reading<Done> {
  const { operation } = admitted;
  const call = callOf(admitted, services);
  if (operation.access === 'read') return { ...(yield* wait(operation.run(call))), records: [] };
  const { answer, change, targets } = yield* wait(operation.run(call));
  const { caller, body, tokenKeys } = admitted;
  const outcomeOfChange = { status: answer.status, targets, body, nowMs: services.now() };
  const record = recordOf(admitted.request, { operation, caller, tenantId: services.tenantId }, outcomeOfChange);
  return { answer, change: change && merge(change, { require: tokenKeys }), records: [record] };
}

function callOf(
  { request, caller, query, body, tokenKeys }: Admitted,
  { store: whole, tenantId, now, newId }: EdgeServices,
): GraphCall {
  const { names, url, params } = request;
  const { graph: origin } = names;
  const store = tokenKeys.length === 0 ? whole : requiringStore(whole, tokenKeys);
  return { store, tenantId, caller, origin, path: pathOf(url), params, query, body, nowMs: now(), newId };
}

/** Makes the answer and, for a refused change of a known caller, the record that the change would have had. */
function failed(error: unknown, { request, operation, caller }: KnownSoFar, { tenantId, now }: EdgeServices): Failed {
  const { requestId, names, params } = request;
  const nowMs = now();
  const { status, body } = renderError(refusalOf<GraphRefusal>(error), traceOf(request, nowMs));
  const challenge = `Bearer realm="", authorization_uri="${names.authority}/common/oauth2/authorize"`;
  const headers = { 'request-id': requestId, ...(status === 401 && { 'www-authenticate': challenge }) };
  const answer = { status, body, headers };
  if (caller === undefined || operation?.access !== 'write') return { answer, records: [], caller };
  const { id } = params;
  const refused = { status, message: body.error.message, targets: id === undefined ? [] : [{ id }], body: {}, nowMs };
  return { answer, records: [recordOf(request, { operation, caller, tenantId }, refused)], caller };
}

function traceOf({ headers, requestId }: GraphRequest, nowMs: number): ErrorTrace {
  const sent = headers['client-request-id'];
  const clientRequestId = typeof sent === 'string' && /^[\w-]{1,64}$/.test(sent) ? sent : requestId;
  return { requestId, clientRequestId, nowMs };
}
