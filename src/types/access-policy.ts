/** One entry of a vault's `properties.accessPolicies`, validated. */
export interface AccessPolicy {
  readonly tenantId: string;
  readonly objectId: string;
  /** Compound identity: the policy applies only to this application acting on behalf of that object. */
  readonly applicationId?: string;
  readonly permissions: AccessPolicyPermissions;
}

/** Lists as they were sent; names are compared in any case, and `all` means every permission. */
export interface AccessPolicyPermissions {
  readonly keys?: readonly string[];
  readonly secrets?: readonly string[];
  readonly certificates?: readonly string[];
  readonly storage?: readonly string[];
}
