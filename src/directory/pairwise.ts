import { hash } from 'node:crypto';

/** The `sub` of a user, which is another to each who asks (OpenID Connect Core section 8.1). */
export function pairwise(userId: string, audience: string): string {
  return hash('sha256', `${userId} ${audience}`, 'base64url');
}
