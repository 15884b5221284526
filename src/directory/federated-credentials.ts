import type { FederatedIdentityCredential } from './records.ts';

/** So many an application or a managed identity has. */
export const federatedMax = 20;

const textMax = 600;
const nameRule = '3 to 120 letters, digits, hyphens and underscores, a letter or digit first';
const namePattern = /^[a-z0-9][a-z0-9_-]{2,119}$/i;

/** Which rule a credential breaks, and at which property. */
export interface FederatedBreach {
  readonly property: 'name' | 'issuer' | 'subject' | 'audiences';
  readonly kind: 'malformed' | 'audienceNotOne' | 'nameTaken' | 'subjectTaken';
  /** The rule, for people. */
  readonly rule: string;
}

/**
 * What is wrong with a credential beside the others of its application or managed identity (Microsoft, "Important
 * considerations and restrictions for federated identity credentials"; Graph, "federatedIdentityCredential resource type").
 */
export function federatedBreach(
  { name, issuer, subject, audiences }: FederatedIdentityCredential,
  others: readonly FederatedIdentityCredential[],
): FederatedBreach | undefined {
  const malformed = (property: FederatedBreach['property'], rule: string) =>
    ({ property, kind: 'malformed', rule }) as const;
  if (!namePattern.test(name)) return malformed('name', `it must have ${nameRule}`);
  const texts = { issuer, subject, audiences: audiences[0] ?? '' };
  if (audiences.length !== 1) {
    return { property: 'audiences', kind: 'audienceNotOne', rule: 'it must have exactly one audience' };
  }
  for (const property of ['issuer', 'subject', 'audiences'] as const) {
    const { length } = texts[property];
    if (length === 0 || length > textMax) return malformed(property, `it must have 1 to ${textMax} characters`);
  }
  // As the claim `iss` has it: letter by letter, so that another spelling of the scheme would never match.
  if (!issuer.startsWith('https://') || !URL.canParse(issuer)) {
    return malformed('issuer', 'it must be the https URL that the issuer writes into its tokens');
  }
  const named = others.find((other) => other.name.toLowerCase() === name.toLowerCase());
  if (named !== undefined) return { property: 'name', kind: 'nameTaken', rule: `'${named.name}' has the same name` };
  const same = others.find((other) => other.issuer === issuer && other.subject === subject);
  if (same === undefined) return undefined;
  return { property: 'subject', kind: 'subjectTaken', rule: `'${same.name}' has the same issuer and subject` };
}
