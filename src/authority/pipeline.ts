import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readBodyOrRefuse } from '../edge/body-and-query.ts';
import type { BodyFault } from '../edge/body-and-query.ts';
import type { EdgeRequest } from '../edge/edge.ts';
import { Steps } from '../edge/steps.ts';
import type { AllKnown, SomeKnown } from '../edge/steps.ts';
import type { NameSet } from '../http/host.ts';
import type { Source } from '../types/source.ts';
import type { Endpoint } from './endpoint.ts';
import { formBytesMax, parseForm } from './form.ts';
import type { Form } from './form.ts';
import { refused } from './refusal.ts';
import type { AuthorityRefusal } from './refusal.ts';
import { tenantOfToken } from './tenant.ts';
import type { AuthorityServices } from './services.ts';

/** A request to the authority. Its id is the client's correlation id, if it sent one. */
export interface AuthorityRequest extends EdgeRequest {
  readonly raw: IncomingMessage;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The parameters of the endpoint's path by name, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Decoded; a repeated parameter is a list. */
  readonly query: unknown;
  readonly names: NameSet;
  readonly source: Source;
  readonly endpoint: Endpoint;
}

/** The services that the steps need. */
type StepServices = Pick<AuthorityServices, 'tenants'>;

/** The order of a request to the authority. Each endpoint authenticates its own callers. */
export const steps = Steps.of<AuthorityRequest, StepServices>()
  .once('encodedForm', encodedFormOf)
  .step('tenant', tenantOf)
  .step('form', formOf);

/** The facts about a request after all steps. */
export type Admitted = AllKnown<typeof steps>;

/** The facts about a request that may have failed in a step. */
export type KnownSoFar = SomeKnown<typeof steps>;

/** The request, and the facts from the steps before. */
type After<Facts = unknown> = { readonly request: AuthorityRequest } & Facts;

/** The encoded form or query, depending on the endpoint. */
function encodedFormOf({ request: { raw, url, endpoint, headers } }: After): string | Promise<string> {
  if (endpoint.method === 'GET') return endpoint.reads === 'query' ? queryStringOf(url) : '';
  if (!isForm(headers)) throw refused({ kind: 'formUnreadable' });
  const bytes = readBodyOrRefuse(raw, formBytesMax, bodyRefusals);
  return bytes instanceof Promise ? bytes.then(decode) : decode(bytes);
}

function queryStringOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at + 1);
}

/** A missing media type is accepted if the headers announce no body or an empty one. */
function isForm({
  'content-type': type,
  'content-length': length,
  'transfer-encoding': encoding,
}: IncomingHttpHeaders) {
  if (type === undefined) return encoding === undefined && Number(length ?? 0) === 0;
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type);
}

const bodyRefusals: Readonly<Record<BodyFault, AuthorityRefusal>> = {
  tooLarge: { kind: 'formTooLarge', bytesMax: formBytesMax },
  notWellFormed: { kind: 'formUnreadable' },
  cutOff: { kind: 'formUnreadable' },
};

function decode(bytes: Buffer | undefined): string {
  return bytes?.toString() ?? '';
}

/** The tenant in the path, which must exist here; `undefined` if the path has none, or if the account decides. */
function tenantOf({ request: { endpoint, params } }: After, { tenants }: StepServices): string | undefined {
  return endpoint.inTenant ? tenantOfToken(params['tenant'] ?? '', tenants) : undefined;
}

/** The parameters of the form or query, none of them repeated. */
function formOf({ encodedForm }: After<{ readonly encodedForm: string }>): Form {
  return parseForm(encodedForm);
}
