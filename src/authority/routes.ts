import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from '../http/answer.ts';
import { AssertionUses } from './assertion-uses.ts';
import { SecretCheck } from './client-secret.ts';
import { instanceDiscovery, openidConfigurationV1, openidConfigurationV2 } from './discovery.ts';
import { oauthError } from './errors.ts';
import { formBytesMax } from './form.ts';
import type { AuthorityRefusal } from './refusal.ts';
import { tenantOfDiscovery } from './tenant.ts';
import { answerTokenRequest } from './token.ts';
import type { TokenCall } from './token.ts';
import type { Authority, AuthorityWorld } from './world.ts';

interface TenantRoute {
  Params: { tenant: string };
}

const tokenPaths: Readonly<Record<string, TokenCall['endpoint']>> = {
  '/:tenant/oauth2/token': 'v1',
  '/:tenant/oauth2/v2.0/token': 'v2',
};

const configurationPaths: Readonly<Record<string, (origin: string, tenant: string) => unknown>> = {
  '/:tenant/.well-known/openid-configuration': openidConfigurationV1,
  '/:tenant/v2.0/.well-known/openid-configuration': openidConfigurationV2,
};

const keysPaths = ['/:tenant/discovery/keys', '/:tenant/discovery/v2.0/keys'];

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Puts the authority's endpoints on `app`, with parsing and errors of their own that nothing else on it sees. */
export function authorityRoutes(app: FastifyInstance, world: AuthorityWorld): void {
  const authority: Authority = {
    ...world,
    secretCheck: new SecretCheck(world.now),
    assertionUses: new AssertionUses(world.now),
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
      const refusal = bodyRefusals[error.code] ?? { kind: 'internal' };
      if (refusal.kind === 'internal') request.log.error({ err: error }, 'the authority could not answer');
      return refuse(refusal, { request, reply, authority });
    });
    tokenRoutes(edge, authority);
    discoveryRoutes(edge, authority);
  });
}

/** Fastify's own refusals of a body. */
const bodyRefusals: Readonly<Record<string, AuthorityRefusal>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { kind: 'formUnreadable' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { kind: 'formUnreadable' },
  FST_ERR_CTP_BODY_TOO_LARGE: { kind: 'formTooLarge', bytesMax: formBytesMax },
};

function tokenRoutes(edge: FastifyInstance, authority: Authority): void {
  for (const [path, endpoint] of Object.entries(tokenPaths)) {
    // Above `info` Fastify logs no URL: a client that puts its secret into the query must not find it in our log.
    edge.post<TenantRoute>(path, { logLevel: 'warn' }, async (request, reply) => {
      const exchange = { request, reply, authority };
      if (authority.authorityOf(request) === undefined) return refuse({ kind: 'hostUnknown' }, exchange);
      const { authorization } = request.headers;
      const body = typeof request.body === 'string' ? request.body : '';
      const { tenant } = request.params;
      const answer = await answerTokenRequest({ endpoint, tenant, body, authorization }, authority);
      return answer.ok ? send(answer.answer, reply) : refuse(answer.refusal, exchange);
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
}

/** The correlation id is the client's own where it sent one. */
function refuse(refusal: AuthorityRefusal, { request, reply, authority }: Exchange): FastifyReply {
  const sent = request.headers['client-request-id'];
  const correlationId = typeof sent === 'string' && guid.test(sent) ? sent : authority.newId();
  return send(oauthError(refusal, { traceId: authority.newId(), correlationId, now: authority.now() }), reply);
}

function send({ status, body }: Answer, reply: FastifyReply): FastifyReply {
  return reply.code(status).send(body);
}
