import { siteOf } from '../address/address.ts';
import { refusalOf, Refused } from '../edge/edge.ts';
import type { Done, Edge, Failed } from '../edge/edge.ts';
import type { Answer } from '../http/answer.ts';
import { wait } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import type { AuthorityCall, SignInNames } from './endpoint.ts';
import { oauthError } from './errors.ts';
import { isFailedSignIn, knownNames, recordOf } from './failed-sign-in.ts';
import type { KnownNames } from './failed-sign-in.ts';
import { steps } from './pipeline.ts';
import type { Admitted, AuthorityRequest, KnownSoFar } from './pipeline.ts';
import type { AuthorityRefusal } from './refusal.ts';
import { refusalPage } from './sign-in/page.ts';
import type { Authority } from './services.ts';

/**
 * The edge of tokens, discovery, the sign-in page and the endpoints of managed identities. It changes nothing in the store
 * but the sessions that have ended.
 */
export const authorityEdge: Edge<AuthorityRequest, Authority, Omit<Admitted, 'request'>> = {
  steps,
  requirements: () => [],
  work,
  failed,
  renew: () => undefined,
};

/** An endpoint's refusal, with the names for its audit record and, if not the refusal itself, the answer. */
class EndpointRefused extends Refused<AuthorityRefusal> {
  readonly names: KnownNames | undefined;
  readonly answer: Answer | undefined;

  constructor(refusal: AuthorityRefusal, names: KnownNames | undefined, answer: Answer | undefined) {
    super(refusal);
    this.names = names;
    this.answer = answer;
  }
}

function* work(admitted: Admitted, authority: Authority): Reading<Done> {
  const { request, tenant, form } = admitted;
  const { params, query, headers, source, endpoint } = request;
  const address = source.kind === 'unknown' ? undefined : source.address;
  const from = { source, address: address?.text, site: address && siteOf(address) };
  const asked = { names: request.names, origin: request.names.authority };
  const call: AuthorityCall = { params, tenant, query, form, headers, ...asked, ...from };
  const answered = yield* wait(Promise.resolve(endpoint.answer(call, authority)));
  if (answered.ok) {
    const { answer: made, change } = answered;
    return { answer: made, records: [], ...(change !== undefined && { change }) };
  }
  const { refusal, names = namesIn(admitted), answer } = answered;
  const known = isFailedSignIn(refusal) ? yield* wait(knownNames(names, authority)) : undefined;
  throw new EndpointRefused(refusal, known, answer);
}

/** The identity that the caller claims in the form. */
function namesIn({ request, tenant, form }: Admitted): SignInNames {
  if (request.endpoint.reads !== 'form') return {};
  return { tenant, clientId: form.get('client_id'), username: form.get('username') };
}

const noEndpoint = { names: undefined, answer: undefined };

/**
 * Makes the answer and the record of a failure. A refusal of the caller's identity is recorded, within the quota for
 * strangers. A refusal is a page for people; a body that is not a readable form did not come from one.
 */
function failed(error: unknown, { request, encodedForm }: KnownSoFar, authority: Authority): Failed {
  const refusal = refusalOf<AuthorityRefusal>(error);
  const { names, answer: own } = error instanceof EndpointRefused ? error : noEndpoint;
  const nowMs = authority.now();
  const trace = { traceId: authority.newId(), correlationId: request.requestId, nowMs };
  const isPage = request.endpoint.shows === 'page' && encodedForm !== undefined;
  const answer = own ?? (isPage ? refusalPage(refusal) : oauthError(refusal, trace));
  const records = names === undefined ? [] : [recordOf(request, { refusal, names, nowMs })];
  return { answer, records, caller: undefined };
}
