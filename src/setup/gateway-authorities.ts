import { makeGatewayAuthority } from '../crypto/certificates/gateway-certificates.ts';
import type { CertifiedKey } from '../crypto/certificates/server-certificates.ts';
import { recordKind } from '../store/keys.ts';
import { readRecords, recordPut } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { isValid, planRenewal } from './certificate-renewal.ts';
import { lifetimeOf, withinBound } from './certificates.ts';

interface GatewayAuthorities {
  /** The domain that they are for. */
  readonly domain: string;
  /** In the order in which they were created. */
  readonly authorities: readonly CertifiedKey[];
}

const ownKey = recordKind<GatewayAuthorities>({
  pattern: 'setup/gateway-authorities',
  owner: 'setup',
  holds: "the authorities that sign gateways' certificates and nothing else, with their keys",
}).key();

export interface OpenGatewayAuthorities {
  /** The one that signs now. */
  readonly signer: CertifiedKey;
  /** PEM: all that are valid now, which the listener for gateways trusts. */
  readonly trusted: string;
}

/**
 * Opens the authorities of gateways' certificates. The first is created when there is none for the domain, the next
 * when `planRenewal` says so.
 * @param nowMs milliseconds since 1970
 */
export async function openGatewayAuthorities(
  store: Store,
  domain: string,
  nowMs: number,
): Promise<OpenGatewayAuthorities> {
  for (;;) {
    const [record] = await readRecords(store, { get: [ownKey] });
    const known = record?.value.domain === domain ? record.value.authorities : [];
    const plan = planRenewal({
      authorities: known.map(({ certificate }) => lifetimeOf(certificate)),
      server: undefined,
      nowMs,
    });
    if (!plan.newAuthority) return opened(known, plan.signer, nowMs);
    const made = await makeGatewayAuthority(domain, nowMs);
    const authorities = [...withinBound(known, nowMs), made];
    try {
      await store.transact({
        require: [{ key: ownKey, version: record?.version ?? null }],
        put: [recordPut(ownKey, { domain, authorities })],
      });
    } catch (error) {
      // Another node was first: its authority is used.
      if (!(error instanceof Conflict)) throw error;
    }
  }
}

function opened(authorities: readonly CertifiedKey[], signer: number, nowMs: number): OpenGatewayAuthorities {
  const signs = authorities[signer];
  if (signs === undefined) throw new Error('the plan names an authority that does not exist');
  const valid = authorities.filter(({ certificate }) => isValid(lifetimeOf(certificate), nowMs));
  return { signer: signs, trusted: valid.map(({ certificate }) => `${certificate}\n`).join('') };
}
