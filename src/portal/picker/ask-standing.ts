import type { Services } from '../request.ts';
import { vaultApiVersion } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { callerOf, principalOf } from './blades.ts';
import type { Blade, Resource } from './blades.ts';
import { byPolicies, gives, wayOf } from './standing.ts';
import type { Has, Role, Standing } from './standing.ts';

interface Explained {
  readonly verdict: { readonly because: string; readonly service?: string };
}

interface Asked {
  readonly vault: Vault;
  readonly blade: Blade;
  readonly resource: Resource;
}

/** Asks the resource manager, which knows the rules and answers from any network. `from`: an address, the user's own. */
export async function standingOf(services: Services, asked: Asked, from: string): Promise<Standing> {
  const { vault, blade, resource } = asked;
  const body = { from, permission: blade.needs[0], caller: callerOf(blade, resource) };
  const { value } = await services.arm<Explained>(`${vault.id}/explain?${vaultApiVersion}`, { method: 'POST', body });
  return {
    ...wayOf(vault, value.verdict, blade.needs[0]),
    permissions: await permissionsOf(services, asked),
  };
}

async function permissionsOf(services: Services, { vault, blade, resource }: Asked): Promise<Standing['permissions']> {
  const principal = blade.application === undefined ? principalOf(resource) : undefined;
  if (principal === undefined) return undefined;
  const has =
    vault.properties.enableRbacAuthorization === true
      ? await byRoles(services, vault, principal)
      : byPolicies(vault, principal);
  return { has: blade.needs.filter(has), lacks: blade.needs.filter((permission) => !has(permission)) };
}

interface Assignment {
  readonly properties: { readonly roleDefinitionId: string; readonly scope: string };
}

/** The roles that the principal has at the vault or above. One for a single object of the vault is not counted. */
async function byRoles(services: Services, { id }: Vault, principal: string): Promise<Has> {
  const filter = encodeURIComponent(`principalId eq '${principal}'`);
  const first = `${id}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=${filter}`;
  const roles: Role[] = [];
  for await (const page of services.pages<Assignment>({ first, of: 'arm' })) {
    for (const { properties } of page) {
      if (!id.toLowerCase().startsWith(properties.scope.toLowerCase())) continue;
      roles.push((await services.arm<Role>(`${properties.roleDefinitionId}?api-version=2022-04-01`)).value);
    }
  }
  return (permission) => roles.some((role) => gives(role, permission));
}
