import { Refused } from '../edge/edge.ts';
import type { CommonRefusal } from '../edge/edge.ts';

/** The error that ends a request with a refusal. */
export function refused(refusal: AuthorityRefusal): Refused<AuthorityRefusal> {
  return new Refused(refusal);
}

/** Why the authority refused a request. Values are plain values from the request; never a secret or an assertion. */
export type AuthorityRefusal =
  | { readonly kind: 'tenantNotFound'; readonly tenant: string }
  /** Discovery answers `invalid_tenant` where the token endpoint answers `invalid_request`. */
  | { readonly kind: 'tenantNotDiscovered'; readonly tenant: string }
  /** The path has `common` or `organizations`, but the request has no account that would determine the tenant. */
  | { readonly kind: 'tenantNotNamed' }
  | { readonly kind: 'instanceUnknown' }
  | { readonly kind: 'formUnreadable' }
  | { readonly kind: 'formTooLarge'; readonly bytesMax: number }
  | { readonly kind: 'tooManyParameters'; readonly parametersMax: number }
  | { readonly kind: 'parameterMissing'; readonly name: string }
  | { readonly kind: 'parameterTwice'; readonly name: string }
  | { readonly kind: 'grantUnsupported'; readonly grant: string }
  | { readonly kind: 'scopeNotDefault'; readonly scope: string }
  | { readonly kind: 'scopeOfSeveral'; readonly scope: string }
  | { readonly kind: 'resourceUnknown'; readonly resource: string; readonly tenant: string }
  | { readonly kind: 'tooManyLogins' }
  | { readonly kind: 'tooManyDevices' }
  | ClientRefusal
  | AssertionRefusal
  | UserRefusal
  | SignInRefusal
  | ManagedIdentityRefusal
  | CommonRefusal;

/** The client could not be identified or authenticated. */
export type ClientRefusal =
  | { readonly kind: 'clientUnknown'; readonly clientId: string; readonly tenant: string }
  | { readonly kind: 'clientDisabled'; readonly clientId: string }
  | { readonly kind: 'servicePrincipalMissing'; readonly clientId: string; readonly tenant: string }
  | { readonly kind: 'credentialMissing' }
  | { readonly kind: 'credentialsSeveral' }
  /** A client that acts for a user must send a credential unless it is public. */
  | { readonly kind: 'clientCredentialNeeded' }
  | { readonly kind: 'clientIsPublic' }
  | { readonly kind: 'secretWrong'; readonly clientId: string }
  | { readonly kind: 'secretExpired'; readonly clientId: string };

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
  | { readonly kind: 'assertionReplayed' }
  | { readonly kind: 'federatedCredentialMissing'; readonly clientId: string; readonly displayName: string }
  | { readonly kind: 'federatedIssuerUnknown'; readonly issuer: string }
  | { readonly kind: 'federatedSubjectUnknown'; readonly subject: string }
  | { readonly kind: 'federatedAudienceUnknown'; readonly audience: string }
  /** A credential of the client names the issuer, but this server's configuration does not. */
  | { readonly kind: 'federatedIssuerNotTrusted'; readonly issuer: string }
  | { readonly kind: 'federatedKeysUnavailable'; readonly issuer: string; readonly kid: string }
  | { readonly kind: 'federatedSignatureWrong'; readonly issuer: string; readonly subject: string };

/** The user, or the token of an earlier sign-in, was not accepted. Times in milliseconds since 1970. */
export type UserRefusal =
  | { readonly kind: 'passwordWrong' }
  | { readonly kind: 'accountLocked' }
  | { readonly kind: 'accountDisabled' }
  | { readonly kind: 'userNotInTenant'; readonly username: string; readonly tenant: string }
  | { readonly kind: 'signInRevoked' }
  | { readonly kind: 'refreshTokenInvalid' }
  | { readonly kind: 'refreshTokenExpired'; readonly issuedAt: number; readonly days: number }
  | { readonly kind: 'refreshTokenOfPageExpired'; readonly issuedAt: number; readonly days: number }
  | { readonly kind: 'refreshTokenOfOtherClient' }
  | { readonly kind: 'deviceCodePending' }
  | { readonly kind: 'deviceCodeTooFast' }
  | { readonly kind: 'deviceCodeExpired' }
  | { readonly kind: 'deviceCodeUnknown' }
  | { readonly kind: 'codeInvalid' }
  | { readonly kind: 'codeExpired' }
  | { readonly kind: 'codeUsed' }
  | { readonly kind: 'redirectMismatch'; readonly redirectUri: string }
  | { readonly kind: 'verifierWrong' };

/** The sign-in page could not be shown, or its form was not accepted. */
export type SignInRefusal =
  | { readonly kind: 'redirectUnknown'; readonly redirectUri: string; readonly clientId: string }
  | { readonly kind: 'responseTypeUnsupported'; readonly responseType: string }
  | { readonly kind: 'responseModeUnsupported'; readonly responseMode: string }
  | { readonly kind: 'challengeMissing' }
  | { readonly kind: 'challengeMethodUnsupported'; readonly method: string }
  | { readonly kind: 'signInNeeded' }
  | { readonly kind: 'signInForged' }
  | { readonly kind: 'userCodeUnknown' };

export type ManagedIdentityRefusal =
  | { readonly kind: 'metadataHeaderMissing' }
  | { readonly kind: 'metadataForwarded' }
  | { readonly kind: 'metadataVersionUnsupported'; readonly version: string; readonly supported: string }
  | { readonly kind: 'metadataParameterMissing'; readonly name: string }
  | { readonly kind: 'identityHeaderWrong' }
  | { readonly kind: 'workloadUnknown' }
  | { readonly kind: 'identityNotFound' }
  | { readonly kind: 'identityNotNamed' }
  | { readonly kind: 'identityNamedTwice' };
