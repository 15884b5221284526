import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { siteOf } from '../address/site.ts';
import { SecretCheck } from '../directory/secret.ts';
import { headersOf } from '../http/answer.ts';
import type { Answer } from '../http/answer.ts';
import { AssertionUses } from './assertion-uses.ts';
import { AuthorizationCodes } from './authorization-codes.ts';
import { answerDeviceRequest } from './device-authorization.ts';
import { DeviceCodes } from './device-codes.ts';
import { instanceDiscovery, openidConfigurationV1, openidConfigurationV2, userRealm } from './discovery.ts';
import { oauthError } from './errors.ts';
import { ourTrouble } from './our-trouble.ts';
import { originOf, recordFailedSignIn } from './failed-sign-in.ts';
import type { SignInNames, SignInOrigin } from './failed-sign-in.ts';
import { formBytesMax, parseForm } from './form.ts';
import { managedIdentityRoutes } from './managed-identity.ts';
import type { AuthorityRefusal } from './refusal.ts';
import { SignInAttempts } from './sign-in-attempts.ts';
import { signInRoutes } from './sign-in/routes.ts';
import { tenantOfDiscovery, tenantOfToken } from './tenant.ts';
import { answerTokenRequest } from './token.ts';
import type { TokenAnswer, TokenCall } from './token.ts';
import type { Authority, AuthorityWorld } from './world.ts';

interface TenantRoute {
  Params: { tenant: string };
}

interface TokenRoute {
  readonly endpoint: TokenCall['endpoint'];
  readonly answer: (call: TokenCall, authority: Authority) => Promise<TokenAnswer>;
}

/** Where applications post their forms. */
const tokenPaths: Readonly<Record<string, TokenRoute>> = {
  '/:tenant/oauth2/token': { endpoint: 'v1', answer: answerTokenRequest },
  '/:tenant/oauth2/v2.0/token': { endpoint: 'v2', answer: answerTokenRequest },
  '/:tenant/oauth2/devicecode': { endpoint: 'v1', answer: answerDeviceRequest },
  '/:tenant/oauth2/v2.0/devicecode': { endpoint: 'v2', answer: answerDeviceRequest },
};

const configurationPaths: Readonly<Record<string, (origin: string, tenant: string) => unknown>> = {
  '/:tenant/.well-known/openid-configuration': openidConfigurationV1,
  '/:tenant/v2.0/.well-known/openid-configuration': openidConfigurationV2,
};

const keysPaths = ['/:tenant/discovery/keys', '/:tenant/discovery/v2.0/keys'];

/** Puts the authority's endpoints on `app`, with parsing and errors of their own that nothing else on it sees. */
export function authorityRoutes(app: FastifyInstance, world: AuthorityWorld): void {
  const authority: Authority = {
    ...world,
    secretCheck: new SecretCheck(world.now),
    assertionUses: new AssertionUses(world.now),
    attempts: new SignInAttempts(world.now),
    deviceCodes: new DeviceCodes(world.now),
    authorizationCodes: new AuthorizationCodes(world.now),
  };
  void app.register(async (edge) => {
    edge.removeAllContentTypeParsers();
    edge.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: formBytesMax },
      (_request, body, done) => done(null, body),
    );
    edge.addHook('onRequest', async (_request, reply) => {
      // RFC 6749 section 5.1: answers that hold tokens are kept nowhere.
      reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
    });
    edge.setErrorHandler<FastifyError>((error, request, reply) => {
      const origin = originOf(request, authority);
      const refusal = bodyRefusals[error.code] ?? ourTrouble(error, origin, authority);
      return refuse(refusal, { request, reply, authority }, origin);
    });
    tokenRoutes(edge, authority);
    discoveryRoutes(edge, authority);
    signInRoutes(edge, authority);
    managedIdentityRoutes(edge, authority, {
      answer: (answered, request, reply) => conclude(answered, { request, reply, authority }),
    });
  });
}

/** Fastify's own refusals of a body. */
const bodyRefusals: Readonly<Record<string, AuthorityRefusal>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { kind: 'formUnreadable' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { kind: 'formUnreadable' },
  FST_ERR_CTP_BODY_TOO_LARGE: { kind: 'formTooLarge', bytesMax: formBytesMax },
};

function tokenRoutes(edge: FastifyInstance, authority: Authority): void {
  for (const [path, { endpoint, answer }] of Object.entries(tokenPaths)) {
    // Above `info` Fastify logs no URL: a client that puts its secret into the query must not find it in our log.
    edge.post<TenantRoute>(path, { logLevel: 'warn' }, async (request, reply) => {
      const exchange = { request, reply, authority };
      const origin = authority.authorityOf(request);
      if (origin === undefined) return refuse({ kind: 'hostUnknown' }, exchange);
      const { authorization } = request.headers;
      const body = typeof request.body === 'string' ? request.body : '';
      const { tenant } = request.params;
      const source = authority.sourceOf(request);
      const address = source.kind === 'unknown' ? undefined : source.address;
      const from = { address: address?.text, site: address && siteOf(address) };
      const answered = await answer({ endpoint, tenant, body, authorization, origin, ...from }, authority);
      return conclude(answered, { ...exchange, names: namesIn(body, tenant, authority) });
    });
  }
}

function discoveryRoutes(edge: FastifyInstance, authority: Authority): void {
  for (const [path, configuration] of Object.entries(configurationPaths)) {
    edge.get<TenantRoute>(path, async (request, reply) => {
      const exchange = { request, reply, authority };
      const origin = authority.authorityOf(request);
      if (origin === undefined) return refuse({ kind: 'hostUnknown' }, exchange);
      const tenant = tenantOfDiscovery(request.params.tenant, authority.tenants);
      if (!tenant.ok) return refuse(tenant.refusal, exchange);
      return send({ status: 200, body: configuration(origin, tenant.tenant) }, reply);
    });
  }
  for (const path of keysPaths) {
    edge.get<TenantRoute>(path, async (request, reply) => {
      const tenant = tenantOfDiscovery(request.params.tenant, authority.tenants);
      if (!tenant.ok) return refuse(tenant.refusal, { request, reply, authority });
      return send({ status: 200, body: authority.signingKeys.jwks() }, reply);
    });
  }
  edge.get<{ Params: { username: string } }>('/common/userrealm/:username', async (request, reply) => {
    const origin = authority.authorityOf(request);
    if (origin === undefined) return refuse({ kind: 'hostUnknown' }, { request, reply, authority });
    return send({ status: 200, body: userRealm(request.params.username, origin) }, reply);
  });
  edge.get<{ Querystring: { authorization_endpoint?: unknown } }>(
    '/common/discovery/instance',
    async (request, reply) => {
      const { authorization_endpoint: asked } = request.query;
      const body = typeof asked === 'string' ? instanceDiscovery(asked, authority.authorities()) : undefined;
      if (body === undefined) return refuse({ kind: 'instanceUnknown' }, { request, reply, authority });
      return send({ status: 200, body }, reply);
    },
  );
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly authority: Authority;
  /** Who asks says to be. */
  readonly names?: SignInNames;
}

async function conclude(answered: TokenAnswer, exchange: Exchange): Promise<FastifyReply> {
  if (answered.ok) return send(answered.answer, exchange.reply);
  const { request, authority, names = {} } = exchange;
  const origin = originOf(request, authority);
  await recordFailedSignIn(answered.refusal, { origin, names }, authority);
  return refuse(answered.refusal, exchange, origin);
}

/** What a form says of who sends it. */
function namesIn(body: string, tenant: string, { tenants }: Authority): SignInNames {
  const named = tenantOfToken(tenant, tenants);
  const parsed = parseForm(body);
  if (!parsed.ok) return {};
  return {
    tenant: named.ok ? named.tenant : undefined,
    clientId: parsed.form.get('client_id'),
    username: parsed.form.get('username'),
  };
}

function refuse(
  refusal: AuthorityRefusal,
  { request, reply, authority }: Exchange,
  { correlationId }: SignInOrigin = originOf(request, authority),
): FastifyReply {
  return send(oauthError(refusal, { traceId: authority.newId(), correlationId, now: authority.now() }), reply);
}

function send(answer: Answer, reply: FastifyReply): FastifyReply {
  return reply.code(answer.status).headers(headersOf(answer)).send(answer.body);
}
