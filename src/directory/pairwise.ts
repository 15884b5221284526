import { hash } from 'node:crypto';

/** The `sub` of a user, which differs for each audience (OpenID Connect Core section 8.1). */
export function pairwiseSubject(userId: string, audience: string): string {
  return hash('sha256', `${userId} ${audience}`, 'base64url');
}
