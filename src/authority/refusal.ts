/** Why the authority refused. Values are what the request said in clear; no secret and no assertion is ever among them. */
export type AuthorityRefusal =
  | { readonly kind: 'hostUnknown' }
  | { readonly kind: 'tenantNotFound'; readonly tenant: string }
  /** Discovery says `invalid_tenant` where the token endpoint says `invalid_request`. */
  | { readonly kind: 'tenantNotDiscovered'; readonly tenant: string }
  /** `common` or `organizations`, where the caller has no account that would tell the tenant. */
  | { readonly kind: 'tenantNotNamed' }
  | { readonly kind: 'instanceUnknown' }
  | { readonly kind: 'formUnreadable' }
  | { readonly kind: 'formTooLarge'; readonly bytesMax: number }
  | { readonly kind: 'parameterMissing'; readonly name: string }
  | { readonly kind: 'parameterTwice'; readonly name: string }
  | { readonly kind: 'grantUnsupported'; readonly grant: string }
  | { readonly kind: 'scopeNotDefault'; readonly scope: string }
  | { readonly kind: 'scopeOfSeveral'; readonly scope: string }
  | { readonly kind: 'resourceUnknown'; readonly resource: string; readonly tenant: string }
  | { readonly kind: 'clientUnknown'; readonly clientId: string; readonly tenant: string }
  | { readonly kind: 'credentialMissing' }
  | { readonly kind: 'credentialsSeveral' }
  | { readonly kind: 'secretWrong'; readonly clientId: string }
  | { readonly kind: 'tooManyLogins' }
  | AssertionRefusal
  | { readonly kind: 'internal' };

/** Times in seconds since 1970. */
export type AssertionRefusal =
  | { readonly kind: 'assertionTypeUnsupported'; readonly type: string }
  | { readonly kind: 'assertionMalformed' }
  | { readonly kind: 'assertionAlgorithmUnsupported' }
  | { readonly kind: 'assertionKeyUnknown'; readonly thumbprint: string }
  | { readonly kind: 'assertionKeyExpired'; readonly thumbprint: string; readonly from: string; readonly to: string }
  | { readonly kind: 'assertionSignatureWrong'; readonly thumbprint: string }
  | { readonly kind: 'assertionOfOtherClient' }
  | { readonly kind: 'assertionForOtherAudience' }
  | { readonly kind: 'assertionOutOfTime'; readonly now: number; readonly from: number; readonly to: number }
  | { readonly kind: 'assertionTooLong'; readonly secondsMax: number }
  | { readonly kind: 'assertionReplayed' };
