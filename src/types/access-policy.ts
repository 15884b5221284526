/** One entry of a vault's `properties.accessPolicies`, validated. */
export interface AccessPolicy {
  readonly tenantId: string;
  readonly objectId: string;
  /** Compound identity: the policy holds only for this application acting for that object. */
  readonly applicationId?: string;
  readonly permissions: AccessPolicyPermissions;
}

/** Lists as they were sent; names are compared without regard to case, and `all` stands for every one. */
export interface AccessPolicyPermissions {
  readonly keys?: readonly string[];
  readonly secrets?: readonly string[];
  readonly certificates?: readonly string[];
  readonly storage?: readonly string[];
}
