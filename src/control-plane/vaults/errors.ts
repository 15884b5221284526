import type { Errors } from '../refusal.ts';

const networkFailure = (code: string, message: string) =>
  `Operation on Virtual Network could not be performed. StatusCode: 400 (BadRequest). Error Code: ${code}. Error Message: ${message}.`;

/** Errors of vaults, and of their secrets and keys as resources. */
export const vaultErrors = {
  vaultNameNotValid: {
    status: 400,
    code: 'VaultNameNotValid',
    message: ({ name }) =>
      `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens.`,
  },
  vaultAlreadyExists: {
    status: 409,
    code: 'VaultAlreadyExists',
    message: ({ name }) => nameInUse(name),
  },
  vaultIsSoftDeleted: {
    status: 409,
    code: 'ConflictError',
    message: () =>
      'A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.',
  },
  softDeletedVaultNotFound: {
    status: 404,
    code: 'SoftDeletedVaultDoesNotExist',
    message: ({ name, location }) =>
      `There is no soft-deleted vault '${name}' in location '${location}' to recover. Leave createMode out to create a vault or to update an existing one.`,
  },
  deletedVaultNotFound: {
    status: 404,
    code: 'DeletedVaultNotFound',
    message: ({ name, location }) => `The specified deleted vault '${name}' does not exist in location '${location}'.`,
  },
  purgeProtected: {
    status: 400,
    code: 'PurgeNotAllowed',
    message: ({ name }) =>
      `The vault '${name}' has purge protection: it cannot be purged. It is deleted for good when its retention period ends.`,
  },
  subnetNotFound: {
    status: 400,
    code: 'VirtualNetworkNotValid',
    message: ({ virtualNetwork, subnet }) =>
      networkFailure('SubnetNotFound', `Virtual network ${virtualNetwork} does not have subnets with names ${subnet}.`),
  },
  subnetWithoutServiceEndpoint: {
    status: 400,
    code: 'VirtualNetworkNotValid',
    message: ({ virtualNetwork, subnet }) =>
      networkFailure(
        'SubnetsHaveNoServiceEndpointsConfigured',
        `Subnets ${subnet} of virtual network ${virtualNetwork} do not have ServiceEndpoints for Microsoft.KeyVault resources configured. Add Microsoft.KeyVault to subnet's ServiceEndpoints collection before trying to ACL Microsoft.KeyVault resources to these subnets.`,
      ),
  },
  vaultObjectNotFound: { status: 404, code: 'NotFound', message: ({ message }) => message },
  vaultObjectConflict: { status: 409, code: 'Conflict', message: ({ message }) => message },
} satisfies Partial<Errors>;

/** Azure's message for a vault name that is taken, in the error and in `checkNameAvailability`. */
export function nameInUse(name: string): string {
  return `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state.`;
}
