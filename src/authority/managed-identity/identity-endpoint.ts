import { headerBinding, identitiesBoundTo } from '../../directory/bindings.ts';
import type { Authority } from '../world.ts';
import { identityToken } from './identity-token.ts';
import type { IdentityAnswer, Query } from './identity-token.ts';

const version = '2019-08-01';

/**
 * App Service's form (Microsoft, "Managed identities for App Service", "REST endpoint reference"): the workload has the
 * address in `IDENTITY_ENDPOINT` and, in `IDENTITY_HEADER`, the secret by which it proves which workload it is.
 */
export async function answerIdentityEndpoint(
  { query, identityHeader }: { readonly query: Query; readonly identityHeader: string | undefined },
  authority: Authority,
): Promise<IdentityAnswer> {
  const asked = query['api-version'] ?? '';
  if (asked !== version) {
    return { ok: false, refusal: { kind: 'metadataVersionUnsupported', version: asked, supported: version } };
  }
  const bound =
    identityHeader === undefined ? [] : await identitiesBoundTo(authority.store, headerBinding(identityHeader));
  if (bound.length === 0) return { ok: false, refusal: { kind: 'identityHeaderWrong' } };
  return identityToken(bound, query, authority);
}
