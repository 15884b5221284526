import { identitiesBoundTo, workloadBinding } from '../../directory/bindings.ts';
import type { Source } from '../../types/source.ts';
import type { Authority } from '../world.ts';
import { identityToken } from './identity-token.ts';
import type { IdentityAnswer, Query } from './identity-token.ts';

const versions = ['2018-02-01', '2019-08-01', '2021-02-01'];

export interface MetadataCall {
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
export async function answerInstanceMetadata(
  { query, metadata, forwarded, source }: MetadataCall,
  authority: Authority,
): Promise<IdentityAnswer> {
  if (metadata?.toLowerCase() !== 'true') return { ok: false, refusal: { kind: 'metadataHeaderMissing' } };
  if (forwarded !== undefined) return { ok: false, refusal: { kind: 'metadataForwarded' } };
  const version = query['api-version'] ?? '';
  if (!versions.includes(version)) {
    return { ok: false, refusal: { kind: 'metadataVersionUnsupported', version, supported: versions.join(', ') } };
  }
  if (source.kind !== 'subnet' || source.assurance !== 'enforced') {
    return { ok: false, refusal: { kind: 'workloadUnknown' } };
  }
  const binding = workloadBinding(source.incarnation, source.address.text);
  const bound = await identitiesBoundTo(authority.store, binding);
  if (bound.length === 0) return { ok: false, refusal: { kind: 'workloadUnknown' } };
  return identityToken(bound, query, authority);
}
