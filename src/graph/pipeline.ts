import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { admit, clockSkewSeconds } from '../caller/verify.ts';
import type { Verifier } from '../caller/verify.ts';
import { globalAdministrators } from '../directory/groups.ts';
import { jsonObjectOrRefuse, queryOrRefuse, readBodyOrRefuse } from '../edge/body-and-query.ts';
import type { BodyFault } from '../edge/body-and-query.ts';
import { Refused } from '../edge/edge.ts';
import type { EdgeRequest } from '../edge/edge.ts';
import type { ChangeQueues, QueuePlace } from '../edge/change-queues.ts';
import { Steps } from '../edge/steps.ts';
import type { AllKnown, SomeKnown } from '../edge/steps.ts';
import type { NameSet } from '../http/host.ts';
import { bearerToken, parseJsonBody, pathOf } from '../http/request.ts';
import type { Requirement } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { Source } from '../types/source.ts';
import type { GraphOperation } from './operation.ts';
import type { GraphRefusal } from './refusal.ts';

/** Graph's audience in the public cloud. Applications request it wherever Graph is served. */
const globalAudience = 'https://graph.microsoft.com';

const bodyBytesMax = 1_048_576;

/** A request to Graph, and the operation that its path and method name. */
export interface GraphRequest extends EdgeRequest {
  /** The time of arrival, in milliseconds since 1970. */
  readonly atMs: number;
  readonly raw: IncomingMessage;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The parameters of the operation's path by name, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Decoded; a repeated parameter is a list. */
  readonly query: unknown;
  readonly names: NameSet;
  readonly source: Source;
  /** Absent if no operation has this path and method. */
  readonly card: GraphOperation | undefined;
}

export interface StepServices {
  readonly verifier: Verifier;
  /** The tenant of the directory: a GUID in lower case. */
  readonly tenantId: string;
  /** The client id of the fabric's reader, which may not read the directory. */
  readonly networkReader: string;
  /** Changes of the directory run one after the other: they depend on each other, and are few. */
  readonly changes: ChangeQueues;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The order of a request to Graph. Each step may end it with its own refusal. Every caller of the tenant may read its
 * directory, as Entra's users may; only administrators may change it. No body is read before the caller is known.
 */
export const steps = Steps.of<GraphRequest, StepServices>()
  .step('operation', operationOf)
  .step('token', bearerOf)
  .step('tokenKeys', tokenKeysOf)
  .step('bearer', verify)
  .step('ownIssuer', isOwnIssuer, foreignRefusal)
  .step('caller', callerOf)
  .step('administrator', isAdministrator, administratorRefusal)
  .once('bytes', bytesOf)
  .once('queue', enterQueue)
  .step('query', queryOf)
  .step('body', jsonOf);

/** The facts about a request after all steps. */
export type Admitted = AllKnown<typeof steps>;

/** The facts about a request that may have failed in a step. */
export type KnownSoFar = SomeKnown<typeof steps>;

/** The request, and the facts from the steps before. */
type After<Facts = unknown> = { readonly request: GraphRequest } & Facts;

/** The operation that method and path name. */
function operationOf({ request: { card, url } }: After): GraphOperation {
  if (card !== undefined) return card;
  throw new Refused<GraphRefusal>({ kind: 'segmentNotFound', path: pathOf(url).slice('/v1.0/'.length, 200) });
}

/** The bearer token of the request. */
function bearerOf({ request: { headers } }: After): string {
  const token = bearerToken(headers);
  if (token === undefined) throw new Refused<GraphRefusal>({ kind: 'bearerMissing' });
  return token;
}

/** The state of the keys that tokens are verified with. What they verify is decided again when it has changed. */
function tokenKeysOf(_known: After, { verifier }: StepServices): readonly Requirement[] {
  return verifier.requirements();
}

/** The verified caller of the token. */
function verify({ token }: After<{ readonly token: string }>, { verifier }: StepServices): Caller | Promise<Caller> {
  return (
    verifier.verifyCached(token) ??
    verifier.verify(token).then((verification) => {
      if (verification.ok) return verification.caller;
      throw new Refused<GraphRefusal>(verification.refusal);
    })
  );
}

/** Whether our own authority issued the token. */
function isOwnIssuer({ bearer }: After<{ readonly bearer: Caller }>): boolean {
  return bearer.issuerClass === 'own';
}

/** An external issuer is for vaults only. It cannot make anyone an administrator here. */
function foreignRefusal(isOwn: boolean, { bearer }: After<{ readonly bearer: Caller }>): GraphRefusal | undefined {
  return isOwn ? undefined : { kind: 'wrongIssuer', found: bearer.issuer };
}

/** The same caller, if the token is for Graph and of the home tenant, and not the reader's of the networks. */
function callerOf(
  { request: { names }, bearer }: After<{ readonly bearer: Caller }>,
  { tenantId, networkReader, now }: StepServices,
): Caller {
  const admission = admit(bearer, {
    tenant: tenantId,
    services: false,
    audiences: [names.graph, globalAudience].flatMap((audience) => [audience, `${audience}/`]),
    now: now(),
    skewSeconds: clockSkewSeconds,
  });
  if (!admission.ok) throw new Refused<GraphRefusal>(admission.refusal);
  if (bearer.applicationId?.toLowerCase() === networkReader) throw new Refused<GraphRefusal>({ kind: 'networksOnly' });
  return bearer;
}

/** Whether the caller is a member of the administrators' group. */
function isAdministrator({ caller }: After<{ readonly caller: Caller }>): boolean {
  return caller.groups.includes(globalAdministrators);
}

function administratorRefusal(
  may: boolean,
  { operation }: After<{ readonly operation: GraphOperation }>,
): GraphRefusal | undefined {
  return operation.access === 'read' || may ? undefined : { kind: 'notAdministrator' };
}

/** The body's bytes; `undefined` for none. The body of a GET is ignored. */
function bytesOf({
  request: { raw },
  operation,
}: After<{ readonly operation: GraphOperation }>): Buffer | undefined | Promise<Buffer | undefined> {
  return operation.method === 'GET' ? undefined : readBodyOrRefuse(raw, bodyBytesMax, bodyRefusals);
}

const bodyRefusals: Readonly<Record<BodyFault, GraphRefusal>> = {
  tooLarge: { kind: 'bodyTooLarge', limit: bodyBytesMax },
  notWellFormed: { kind: 'mediaTypeInvalid' },
  // The client is gone and cannot read the answer.
  cutOff: { kind: 'bodyNotJson' },
};

/** The place of a change in the order of all changes of the directory; `undefined` for an operation that only reads. */
function enterQueue(
  { operation }: After<{ readonly operation: GraphOperation }>,
  { changes }: StepServices,
): QueuePlace | undefined | Promise<QueuePlace> {
  return operation.access === 'read' ? undefined : changes.enter('');
}

/** The query's parameters by name, none of them repeated. */
function queryOf({ request }: After): Readonly<Record<string, string>> {
  return queryOrRefuse(request.query, givenTwice);
}

function givenTwice(name: string): GraphRefusal {
  return { kind: 'queryInvalid', name, rule: 'it is given more than once' };
}

/** The body's JSON: an object within the bounds of `json/`, empty if there is no body. */
function jsonOf({ bytes }: After<{ readonly bytes: Buffer | undefined }>): Readonly<Record<string, unknown>> {
  return jsonObjectOrRefuse(parseJsonBody(bytes));
}
