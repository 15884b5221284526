import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readBodyOrRefuse } from '../edge/body.ts';
import type { BodyFault } from '../edge/body.ts';
import { Refused } from '../edge/edge.ts';
import type { EdgeRequest } from '../edge/edge.ts';
import { Steps } from '../edge/steps.ts';
import type { Known } from '../edge/steps.ts';
import type { Source } from '../types/source.ts';
import type { Endpoint } from './endpoint.ts';
import { formBytesMax, parseForm } from './form.ts';
import type { Form } from './form.ts';
import type { AuthorityRefusal } from './refusal.ts';
import { tenantOfToken } from './tenant.ts';
import type { AuthorityServices } from './services.ts';

/** A request to the authority as it came. Its id is the client's own correlation id where it sent one. */
export interface AuthorityRequest extends EdgeRequest {
  readonly raw: IncomingMessage;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** What the endpoint's path says by name, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Decoded; a parameter that is given twice is a list. */
  readonly query: unknown;
  /** The authority's, under the name set that was asked. */
  readonly origin: string;
  readonly source: Source;
  readonly endpoint: Endpoint;
}

/** What the steps ask of the server. */
type StepServices = Pick<AuthorityServices, 'tenants'>;

/** The order of a request to the authority. Who asks, and what for, is the endpoint's own question. */
export const steps = Steps.of<AuthorityRequest, StepServices>()
  .once('text', textOf)
  .step('tenant', tenantOf)
  .step('form', formOf);

/** What is known of a request to the authority when all steps are taken. */
export type Admitted =
  typeof steps extends Steps<AuthorityRequest, StepServices, infer Facts> ? Known<AuthorityRequest, Facts> : never;

/** The same of one that may have failed on the way. */
export type KnownSoFar =
  typeof steps extends Steps<AuthorityRequest, StepServices, infer Facts>
    ? Known<AuthorityRequest, Partial<Facts>>
    : never;

/** The request itself, and what the steps before the one that asks have found out. */
type After<Facts = unknown> = { readonly request: AuthorityRequest } & Facts;

/** The form or the query as it came, whichever the endpoint reads. */
function textOf({ request: { raw, url, endpoint, headers } }: After): string | Promise<string> {
  if (endpoint.method === 'GET') return endpoint.reads === 'query' ? queryStringOf(url) : '';
  if (!isForm(headers)) throw new Refused<AuthorityRefusal>({ kind: 'formUnreadable' });
  const bytes = readBodyOrRefuse(raw, formBytesMax, bodyRefusals);
  return bytes instanceof Promise ? bytes.then(textIn) : textIn(bytes);
}

function queryStringOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at + 1);
}

/** No media type is needed where the header says of no body, or of an empty one. */
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

function textIn(bytes: Buffer | undefined): string {
  return bytes?.toString() ?? '';
}

/** The tenant that the path names, one that is served; `undefined` where it names none, or the account decides. */
function tenantOf({ request: { endpoint, params } }: After, { tenants }: StepServices): string | undefined {
  if (!endpoint.inTenant) return undefined;
  const named = tenantOfToken(params['tenant'] ?? '', tenants);
  if (named.ok) return named.tenant;
  throw new Refused<AuthorityRefusal>(named.refusal);
}

/** The parameters of the form or query, none of them given twice. */
function formOf({ text }: After<{ readonly text: string }>): Form {
  const parsed = parseForm(text);
  if (parsed.ok) return parsed.form;
  throw new Refused<AuthorityRefusal>(parsed.refusal);
}
