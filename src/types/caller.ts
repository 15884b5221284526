/**
 * The kind of issuer: the `own` authority's tenant, `services` (the tenant of trusted services, also ours) or
 * `external`, an issuer that the operator added.
 */
export type IssuerClass = 'own' | 'services' | 'external';

/**
 * Microsoft's tenant of first-party applications. Every vault accepts its tokens besides its own tenant's (AKV10032
 * lists it).
 */
export const servicesTenant = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a';

/** The claims that Azure copies from a token into a record as they are, besides those that name the caller. */
export const copiedClaims = [
  'scp',
  'upn',
  'unique_name',
  'ipaddr',
  'amr',
  'idtyp',
  'xms_mirid',
  'xms_az_rid',
  'xms_az_nwperimid',
] as const;

/** A verified token, as plain data. */
export interface Caller {
  readonly issuer: string;
  readonly issuerClass: IssuerClass;
  /** The tenant that is assigned to the issuer. */
  readonly tenant: string;
  /** `oid` */
  readonly objectId: string;
  /** `appid` (v1) or `azp` (v2) */
  readonly applicationId: string | undefined;
  readonly groups: readonly string[];
  /** `xms_mirid`: the ARM id of the resource whose managed identity this is. Trusted only from our own authority. */
  readonly managedIdentity: string | undefined;
  /** `xms_az_rid`: the ARM id of the resource that uses the managed identity. Trusted only from our own authority. */
  readonly usedBy: string | undefined;
  readonly audience: string;
  /** Seconds since 1970, as in the token. */
  readonly notBefore: number;
  readonly expiresAt: number;
  /**
   * The claims that Azure copies into an audit record (oid, appid, appidacr, scp, upn, ipaddr, amr, idtyp, xms_mirid
   * …), unchanged.
   */
  readonly claims: Readonly<Record<string, unknown>>;
}
