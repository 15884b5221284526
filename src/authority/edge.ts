import { siteOf } from '../address/address.ts';
import { refusalOf, Refused } from '../edge/edge.ts';
import type { Done, Edge, Failed } from '../edge/edge.ts';
import type { Answer } from '../http/answer.ts';
import { wait } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import { AnsweredRefusal } from './endpoint.ts';
import type { AuthorityCall, SignInNames } from './endpoint.ts';
import { oauthError } from './errors.ts';
import type { Form } from './form.ts';
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

/** A failed sign-in, with the names for its audit record and, if it is not the refusal itself, the answer. */
class SignInFailed extends Refused<AuthorityRefusal> {
  readonly names: KnownNames;
  readonly answer: Answer | undefined;

  constructor(refusal: AuthorityRefusal, names: KnownNames, answer: Answer | undefined) {
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
  try {
    const { answer, change } = yield* wait(Promise.resolve(endpoint.answer(call, authority)));
    return { answer, records: [], ...(change !== undefined && { change }) };
  } catch (error) {
    throw yield* wait(withNames(error, admitted, authority));
  }
}

/** The same error; if it is a failed sign-in, with the names for its record. */
async function withNames(error: unknown, admitted: Admitted, authority: Authority): Promise<unknown> {
  const refusal = refusalOf<AuthorityRefusal>(error);
  const { request, tenant, form } = admitted;
  const { shows, reads } = request.endpoint;
  // The page was not shown, so that no user has tried to sign in yet.
  if (!isFailedSignIn(refusal) || (shows === 'page' && reads === 'query')) return error;
  const { answer, names } =
    error instanceof AnsweredRefusal
      ? error
      : { answer: undefined, names: reads === 'form' ? namesIn(form, tenant) : {} };
  return new SignInFailed(refusal, await knownNames(names, authority), answer);
}

/** The identity that the caller claims in the form. */
function namesIn(form: Form, tenant: string | undefined): SignInNames {
  return { tenant, clientId: form.get('client_id'), username: form.get('username') };
}

/**
 * Makes the answer and the record of a failure. A refusal of the caller's identity is recorded, within the quota for
 * strangers. A refusal is a page for people; a body that is not a readable form did not come from one.
 */
function failed(error: unknown, { request, encodedForm }: KnownSoFar, authority: Authority): Failed {
  const refusal = refusalOf<AuthorityRefusal>(error);
  const own = error instanceof SignInFailed || error instanceof AnsweredRefusal ? error.answer : undefined;
  const nowMs = authority.now();
  const trace = { traceId: authority.newId(), correlationId: request.requestId, nowMs };
  const isPage = request.endpoint.shows === 'page' && encodedForm !== undefined;
  const answer = own ?? (isPage ? refusalPage(refusal) : oauthError(refusal, trace));
  const records = error instanceof SignInFailed ? [recordOf(request, { refusal, names: error.names, nowMs })] : [];
  return { answer, records, caller: undefined };
}
