/** The validity period of a certificate, in milliseconds since 1970. */
export interface Lifetime {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PlanInput {
  /** All authorities created for the domain so far. */
  readonly authorities: readonly Lifetime[];
  /** The server's certificate, and the index of the authority that signed it. */
  readonly server: (Lifetime & { readonly signer: number }) | undefined;
  readonly nowMs: number;
}

export interface RenewalPlan {
  /** Whether to create another authority, which is added at the end. */
  readonly newAuthority: boolean;
  /** The index of the authority that signs from now on; a new one has the next index. */
  readonly signer: number;
  /** Why the server's certificate must be replaced; `undefined` if it need not be. */
  readonly newServer: 'missing' | 'endsSoon' | 'notYetValid' | 'signerNotValid' | undefined;
}

const dayMs = 86_400_000;

/** A certificate with less time left is replaced, and an authority with less time left no longer signs. */
const renewalMs = 60 * dayMs;
/** The next authority is created this long before the end of the last one, so that clients can get it from `ca.pem` in time. */
const announceMs = 730 * dayMs;

/**
 * Decides what to renew. The oldest authority signs for as long as it can, since most clients know it; its successor is
 * published long before it signs. The clock may be wrong, so an authority that has expired or is not valid yet is not
 * used but kept, and is used again once it is valid by the clock.
 */
export function planRenewal({ authorities, server, nowMs }: PlanInput): RenewalPlan {
  const valid = authorities.flatMap((lifetime, index) => (isValid(lifetime, nowMs) ? [{ ...lifetime, index }] : []));
  const byEnd = valid.toSorted((a, b) => a.toMs - b.toMs);
  const newAuthority = !byEnd.some(({ toMs }) => toMs >= nowMs + announceMs);
  const signer = byEnd.find(({ toMs }) => toMs >= nowMs + renewalMs)?.index ?? authorities.length;
  const signedBy = server === undefined ? undefined : authorities[server.signer];
  if (server === undefined || signedBy === undefined) return { newAuthority, signer, newServer: 'missing' };
  if (server.fromMs > nowMs) return { newAuthority, signer, newServer: 'notYetValid' };
  if (server.toMs < nowMs + renewalMs) return { newAuthority, signer, newServer: 'endsSoon' };
  return { newAuthority, signer, newServer: isValid(signedBy, nowMs) ? undefined : 'signerNotValid' };
}

export function isValid({ fromMs, toMs }: Lifetime, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < toMs;
}
