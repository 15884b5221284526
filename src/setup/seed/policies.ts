import { findByName } from '../../directory/objects.ts';
import { isGuid } from '../../shape/shape.ts';
import { find } from '../../seed/references.ts';
import type { SeedVault } from '../../seed/seed-file.ts';
import type { AccessPolicy } from '../../types/access-policy.ts';
import { SeedRefused } from './applying.ts';
import type { Applying } from './applying.ts';

/** The access policies that a vault's `access` names, by the object ids of its principals. */
export async function namedPolicies(
  applying: Applying,
  access: NonNullable<SeedVault['access']>,
  path: readonly string[],
): Promise<readonly AccessPolicy[]> {
  const { tenantId } = applying.scope.identity;
  const policies = new Map<string, AccessPolicy>();
  for (const [principal, permissions] of Object.entries(access)) {
    const at = [...path, 'access', principal];
    const objectId = await objectIdOf(applying, principal, at);
    if (policies.has(objectId))
      throw new SeedRefused(at, 'another entry names the same principal: write one of the two');
    policies.set(objectId, { tenantId, objectId, permissions });
  }
  return [...policies.values()];
}

async function objectIdOf(applying: Applying, principal: string, path: readonly string[]): Promise<string> {
  const { store, scope, seed } = applying;
  const { identity, developer } = scope;
  if (find(seed.identities, principal) !== undefined) {
    const known = applying.made.identity(principal);
    if (known !== undefined) return known.objectId;
  }
  if (isGuid(principal)) return principal.toLowerCase();
  if (principal.toLowerCase() === 'administrator') return identity.objectId;
  if (principal.toLowerCase() === 'developer') {
    if (developer !== undefined) return developer.objectId;
    throw new SeedRefused(
      path,
      'this server has no developer, because it was first started with --no-demo: leave it out',
    );
  }
  const user = await findByName(store, { tenantId: identity.tenantId, kind: 'user' }, principal);
  if (user !== undefined) return user.record.id;
  throw new SeedRefused(path, `there is no user '${principal}': add it to users, or give an object id`);
}
