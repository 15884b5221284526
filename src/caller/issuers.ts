import type { IssuerClass } from '../types/caller.ts';
import type { KeySource } from './key-sources.ts';

/** An issuer whose tokens are accepted, and what its tokens may claim. */
export type Issuer = OwnIssuer | ExternalIssuer;

interface OwnIssuer extends IssuerBase {
  readonly issuerClass: Exclude<IssuerClass, 'external'>;
}

interface ExternalIssuer extends IssuerBase {
  readonly issuerClass: 'external';
  /**
   * Those of the given ids that belong, or once belonged, to objects in the tenant's directory, except the few that the
   * operator lets this issuer use. The ids returned are in lower case.
   */
  readonly forbiddenIds: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

interface IssuerBase {
  /** The token's `iss`, compared byte for byte (RFC 7519 section 4.1.1). */
  readonly issuer: string;
  /** The one tenant (a GUID in lower case) of its callers, whatever a token's `tid` says. */
  readonly tenant: string;
  /** When present, `aud` must contain one of these, which becomes the caller's audience; otherwise `aud` must be a single value. */
  readonly audiences?: readonly string[];
  readonly keys: KeySource;
}

export interface IssuerTable {
  readonly find: (issuer: string) => Issuer | undefined;
  /** The `iss` values accepted for `tenant`: first those of that tenant, then those of the services' tenant. */
  readonly acceptedFor: (tenant: string) => readonly string[];
}

/** Two entries have the same `iss`, so a token's keys and tenant would be ambiguous. */
class DuplicateIssuer extends Error {
  override readonly name = 'DuplicateIssuer';

  constructor(issuer: string) {
    super(`the issuer ${issuer} is listed twice; each issuer has exactly one tenant: remove one of the two entries`);
  }
}

/** @throws {DuplicateIssuer} */
export function createIssuers(entries: readonly Issuer[]): IssuerTable {
  const byName = new Map<string, Issuer>();
  for (const entry of entries) {
    if (byName.has(entry.issuer)) throw new DuplicateIssuer(entry.issuer);
    byName.set(entry.issuer, entry);
  }
  return {
    find: (issuer) => byName.get(issuer),
    acceptedFor: (tenant) => {
      const ofTenant = entries.filter((entry) => entry.tenant === tenant && entry.issuerClass !== 'services');
      const ofServices = entries.filter((entry) => entry.issuerClass === 'services');
      return [...ofTenant, ...ofServices].map((entry) => entry.issuer);
    },
  };
}
