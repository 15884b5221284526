/** When a certificate is valid, in milliseconds since 1970. */
export interface Lifetime {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PlanInput {
  /** Of every authority that there has been for the domain. */
  readonly authorities: readonly Lifetime[];
  /** The server's certificate, and which of the authorities signed it. */
  readonly server: (Lifetime & { readonly signer: number }) | undefined;
  readonly nowMs: number;
}

export interface RenewalPlan {
  /** Make another authority; it goes behind the others. */
  readonly newAuthority: boolean;
  /** Which authority signs from now on, where the new one counts too. */
  readonly signer: number;
  /** Why the server's certificate must be made again; `undefined`: it need not. */
  readonly newServer: 'missing' | 'endsSoon' | 'notYetValid' | 'signerNotValid' | undefined;
}

const dayMs = 86_400_000;

/** A certificate with less time left than this is replaced, and an authority signs no more. */
const renewalMs = 60 * dayMs;
/** An authority's successor is made so long before its end: clients have most of this to take it from `ca.pem`. */
const announceMs = 730 * dayMs;

/**
 * What is to be renewed. The oldest authority signs for as long as it can, since clients know it best; its successor
 * is published long before it signs. What the clock says may be wrong: an authority that has expired, or is not valid
 * yet, is not used, but stays, and is used again once the clock says that it is valid.
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
