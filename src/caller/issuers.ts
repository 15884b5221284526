import type { IssuerClass } from '../types/caller.ts';
import type { KeySource } from './key-sources.ts';

/** Somebody whose tokens are believed, and what is believed of them. */
export type Issuer = OwnIssuer | ExternalIssuer;

interface OwnIssuer extends IssuerBase {
  readonly issuerClass: Exclude<IssuerClass, 'external'>;
}

interface ExternalIssuer extends IssuerBase {
  readonly issuerClass: 'external';
  /**
   * Which of these ids are, or ever were, those of objects in the tenant's directory, and not among the few that the
   * operator lets this issuer speak for. Ids come back in lower case.
   */
  readonly forbiddenIds: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

interface IssuerBase {
  /** The token's `iss`, compared byte for byte (RFC 7519 section 4.1.1). */
  readonly issuer: string;
  /** The one tenant (a GUID in lower case) that its callers belong to, whatever a token's `tid` says. */
  readonly tenant: string;
  /** When present, `aud` must have one of these, and that one is the caller's audience; otherwise `aud` is a single value. */
  readonly audiences?: readonly string[];
  readonly keys: KeySource;
}

export interface IssuerTable {
  readonly find: (issuer: string) => Issuer | undefined;
  /** The `iss` values that whoever asks for `tenant` accepts: that tenant's own, then those of the services' tenant. */
  readonly acceptedFor: (tenant: string) => readonly string[];
}

/** Two entries claim one `iss`, so that it could not be said which keys and which tenant a token has. */
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
