import type { FederatedIdentityCredential } from './records.ts';

/** The most federated credentials that an application or managed identity may have. */
export const federatedCredentialsMax = 20;

const valueLengthMax = 600;
const nameRule = '3 to 120 letters, digits, hyphens and underscores, a letter or digit first';
const namePattern = /^[a-z0-9][a-z0-9_-]{2,119}$/i;

/** The rule that a federated credential breaks, and the property that breaks it. */
export interface FederatedCredentialFault {
  readonly property: 'name' | 'issuer' | 'subject' | 'audiences';
  readonly kind: 'malformed' | 'audienceNotOne' | 'nameTaken' | 'subjectTaken';
  /** The rule, to be shown to people. */
  readonly rule: string;
}

/**
 * Checks a federated credential against the rules, and against the others of its application or managed identity
 * (Microsoft, "Important considerations and restrictions for federated identity credentials"; Graph,
 * "federatedIdentityCredential resource type"). Returns the first rule that it breaks.
 */
export function federatedCredentialFault(
  { name, issuer, subject, audiences }: FederatedIdentityCredential,
  others: readonly FederatedIdentityCredential[],
): FederatedCredentialFault | undefined {
  const malformed = (property: FederatedCredentialFault['property'], rule: string) =>
    ({ property, kind: 'malformed', rule }) as const;
  if (!namePattern.test(name)) return malformed('name', `it must have ${nameRule}`);
  const values = { issuer, subject, audiences: audiences[0] ?? '' };
  if (audiences.length !== 1) {
    return { property: 'audiences', kind: 'audienceNotOne', rule: 'it must have exactly one audience' };
  }
  for (const property of ['issuer', 'subject', 'audiences'] as const) {
    const { length } = values[property];
    if (length === 0 || length > valueLengthMax)
      return malformed(property, `it must have 1 to ${valueLengthMax} characters`);
  }
  // The claim `iss` is compared character by character, so another spelling of the scheme would never match.
  if (!issuer.startsWith('https://') || !URL.canParse(issuer)) {
    return malformed('issuer', 'it must be the https URL that the issuer writes into its tokens');
  }
  const named = others.find((other) => other.name.toLowerCase() === name.toLowerCase());
  if (named !== undefined) return { property: 'name', kind: 'nameTaken', rule: `'${named.name}' has the same name` };
  const same = others.find((other) => other.issuer === issuer && other.subject === subject);
  if (same === undefined) return undefined;
  return { property: 'subject', kind: 'subjectTaken', rule: `'${same.name}' has the same issuer and subject` };
}
