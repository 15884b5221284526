import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { textsOf } from '../../http/parameters.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import type { Authority } from '../world.ts';
import { answerIdentityEndpoint } from './identity-endpoint.ts';
import type { IdentityAnswer, Query } from './identity-token.ts';
import { answerInstanceMetadata } from './instance-metadata.ts';

/** Where `IDENTITY_ENDPOINT` leads to. */
const identityEndpointPath = '/msi/token';
/** Below the address that a machine asks. */
const instanceMetadataPath = '/metadata/identity/oauth2/token';

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
