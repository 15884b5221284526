import { headerBinding, identitiesBoundTo, workloadBinding } from '../directory/bindings.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findClient } from '../directory/clients.ts';
import type { ServicePrincipalRecord } from '../directory/records.ts';
import { isUserAssigned, managedIdentityOf } from '../directory/service-principals.ts';
import type { Answer } from '../http/answer.ts';
import { textsOf } from '../http/parameters.ts';
import type { Source } from '../types/source.ts';
import { issueAccessToken, tokenLifetimeSeconds } from './access-token.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './world.ts';

/** Where `IDENTITY_ENDPOINT` leads to. */
const identityEndpointPath = '/msi/token';
const identityEndpointVersion = '2019-08-01';

/** Below the address that a machine asks. */
const instanceMetadataPath = '/metadata/identity/oauth2/token';
const metadataVersions = ['2018-02-01', '2019-08-01', '2021-02-01'];

/**
 * App Service's form (Microsoft, "Managed identities for App Service", "REST endpoint reference"): the workload has the
 * address in `IDENTITY_ENDPOINT` and, in `IDENTITY_HEADER`, the secret by which it proves which workload it is.
 */
async function answerIdentityEndpoint(
  { query, identityHeader }: { readonly query: Query; readonly identityHeader: string | undefined },
  authority: Authority,
): Promise<IdentityAnswer> {
  const asked = query['api-version'] ?? '';
  if (asked !== identityEndpointVersion) {
    return {
      ok: false,
      refusal: { kind: 'metadataVersionUnsupported', version: asked, supported: identityEndpointVersion },
    };
  }
  const bound =
    identityHeader === undefined ? [] : await identitiesBoundTo(authority.store, headerBinding(identityHeader));
  if (bound.length === 0) return { ok: false, refusal: { kind: 'identityHeaderWrong' } };
  return identityToken(bound, query, authority);
}

interface MetadataCall {
  readonly query: Query;
  /** The header `Metadata`, which a page that was tricked into asking cannot set. */
  readonly metadata: string | undefined;
  /** The header `X-Forwarded-For`. */
  readonly forwarded: string | undefined;
  readonly source: Source;
}

/**
 * A machine's form (Microsoft, "Azure Instance Metadata Service"). There is no secret: who asks is the private address and
 * the subnet's incarnation that the ingress proved, and nobody else gets anything. A declared subnet proves nothing.
 */
async function answerInstanceMetadata(
  { query, metadata, forwarded, source }: MetadataCall,
  authority: Authority,
): Promise<IdentityAnswer> {
  if (metadata?.toLowerCase() !== 'true') return { ok: false, refusal: { kind: 'metadataHeaderMissing' } };
  if (forwarded !== undefined) return { ok: false, refusal: { kind: 'metadataForwarded' } };
  const version = query['api-version'] ?? '';
  if (!metadataVersions.includes(version)) {
    return {
      ok: false,
      refusal: { kind: 'metadataVersionUnsupported', version, supported: metadataVersions.join(', ') },
    };
  }
  if (source.kind !== 'subnet' || source.assurance !== 'enforced') {
    return { ok: false, refusal: { kind: 'workloadUnknown' } };
  }
  const binding = workloadBinding(source.incarnation, source.address.text);
  const bound = await identitiesBoundTo(authority.store, binding);
  if (bound.length === 0) return { ok: false, refusal: { kind: 'workloadUnknown' } };
  return identityToken(bound, query, authority);
}

type Query = Readonly<Record<string, string>>;

type IdentityAnswer =
  { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly refusal: AuthorityRefusal };

type Chosen =
  | { readonly ok: true; readonly principal: ServicePrincipalRecord }
  | { readonly ok: false; readonly refusal: AuthorityRefusal };

/** The names of each parameter, at one endpoint or the other. */
const selectors: readonly (readonly [readonly string[], (principal: ServicePrincipalRecord) => string | undefined])[] =
  [
    [['client_id', 'clientid'], ({ appId }) => appId],
    [['object_id', 'principal_id'], ({ id }) => id],
    [['mi_res_id', 'msi_res_id'], managedIdentityOf],
  ];

/**
 * Which of the workload's identities a request means: the one that it names, and else the system-assigned one (Microsoft,
 * "How managed identities work"). A single user-assigned one is not guessed at, since a second would change the meaning.
 */
function chooseIdentity(identities: readonly ServicePrincipalRecord[], query: Query): Chosen {
  const named = selectors.flatMap(([names, read]) => {
    const value = names.map((name) => query[name]).find((given) => given !== undefined && given !== '');
    return value === undefined ? [] : [{ value: value.toLowerCase(), read }];
  });
  if (named.length > 1) return { ok: false, refusal: { kind: 'identityNamedTwice' } };
  const [name] = named;
  const principal = identities.find((identity) =>
    name === undefined
      ? !isUserAssigned(managedIdentityOf(identity) ?? '')
      : name.read(identity)?.toLowerCase() === name.value,
  );
  if (principal !== undefined) return { ok: true, principal };
  return { ok: false, refusal: { kind: name === undefined ? 'identityNotNamed' : 'identityNotFound' } };
}

/** A token of one of the identities that a workload has proved to be. */
async function identityToken(
  identities: readonly ServicePrincipalRecord[],
  query: Query,
  authority: Authority,
): Promise<IdentityAnswer> {
  const { resource } = query;
  if (resource === undefined || resource === '') {
    return { ok: false, refusal: { kind: 'metadataParameterMissing', name: 'resource' } };
  }
  const chosen = chooseIdentity(identities, query);
  if (!chosen.ok) return chosen;
  const { tenantId, appId, id: objectId } = chosen.principal;
  const client = await findClient(authority.store, tenantId, appId);
  if (client === undefined) return { ok: false, refusal: { kind: 'identityNotFound' } };
  if (!client.enabled) return { ok: false, refusal: { kind: 'clientDisabled', clientId: appId } };
  if (!authority.isResource(resource)) {
    return { ok: false, refusal: { kind: 'resourceUnknown', resource, tenant: tenantId } };
  }
  const token = await issueAccessToken({ client, objectId, method: '2', resource }, authority);
  const lasts = `${tokenLifetimeSeconds - 1}`;
  const body = {
    access_token: token.jwt,
    client_id: appId,
    expires_in: lasts,
    ext_expires_in: lasts,
    expires_on: `${token.expiresAt}`,
    not_before: `${token.notBefore}`,
    resource,
    token_type: 'Bearer',
  };
  return { ok: true, answer: { status: 200, body } };
}

export interface Replies {
  readonly answer: (answered: IdentityAnswer, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/** Puts both endpoints of managed identities on `edge`. */
export function managedIdentityRoutes(edge: FastifyInstance, authority: Authority, { answer }: Replies): void {
  edge.get(identityEndpointPath, async (request, reply) => {
    const query = queryOf(request);
    if (!query.ok) return answer(query, request, reply);
    const identityHeader = headerOf(request, 'x-identity-header');
    return answer(await answerIdentityEndpoint({ query: query.texts, identityHeader }, authority), request, reply);
  });
  edge.get(instanceMetadataPath, async (request, reply) => {
    const query = queryOf(request);
    if (!query.ok) return answer(query, request, reply);
    const call = {
      query: query.texts,
      metadata: headerOf(request, 'metadata'),
      forwarded: headerOf(request, 'x-forwarded-for'),
      source: authority.sourceOf(request),
    };
    return answer(await answerInstanceMetadata(call, authority), request, reply);
  });
}

function queryOf(
  request: FastifyRequest,
): { readonly ok: true; readonly texts: Query } | { readonly ok: false; readonly refusal: AuthorityRefusal } {
  const query = textsOf(request.query);
  return query.ok ? query : { ok: false, refusal: { kind: 'parameterTwice', name: query.twice } };
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
