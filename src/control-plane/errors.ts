import { refusalMessage } from '../firewall/refusal.ts';
import type { RuleRefusal } from '../firewall/refusal.ts';
import { describeJsonFault } from '../json/bounded-json.ts';
import { authorizationErrors } from './errors/authorization.ts';
import { networkErrors } from './errors/network.ts';
import { storageErrors } from './errors/storage.ts';
import type { Errors, Kind, OfKind, WireError } from './errors/wire.ts';

const rule = { status: 400, code: 'BadRequest', message: (refusal: RuleRefusal) => refusalMessage(refusal) };

const badToken = { status: 401, code: 'InvalidAuthenticationToken' };

const networkFailure = (code: string, message: string) =>
  `Operation on Virtual Network could not be performed. StatusCode: 400 (BadRequest). Error Code: ${code}. Error Message: ${message}.`;

/** The resource manager's errors: status, code and wording (azure-resource-manager "common deployment errors", recorded answers). */
export const errors = {
  routeNotFound: {
    status: 404,
    code: 'InvalidResourceType',
    message: ({ method, path }) => `There is no operation ${method} ${path} here.`,
  },
  apiVersionMissing: {
    status: 400,
    code: 'MissingApiVersionParameter',
    message: () => 'The api-version query parameter (?api-version=) is required for all requests.',
  },
  apiVersionUnknown: {
    status: 400,
    code: 'InvalidApiVersionParameter',
    message: ({ found }) => `The api-version '${found}' is invalid. Give a date such as 2026-02-01.`,
  },
  bearerMissing: {
    status: 401,
    code: 'AuthenticationFailed',
    message: () => "Authentication failed. The 'Authorization' header is missing.",
  },
  malformed: { ...badToken, message: ({ part }) => `The access token is invalid: its ${part} cannot be read.` },
  unsupportedAlgorithm: {
    ...badToken,
    message: ({ found, supported }) =>
      `The access token is invalid: its algorithm '${found}' is not one of ${supported.join(', ')}.`,
  },
  unknownKey: {
    ...badToken,
    message: ({ kid }) => `The access token is invalid: its issuer has no signing key '${kid ?? '(no kid)'}'.`,
  },
  keysUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: ({ issuer }) => `The signing keys of the token's issuer ${issuer} cannot be fetched now. Try again later.`,
  },
  wrongSignature: { ...badToken, message: () => 'The access token is invalid: its signature does not match.' },
  wrongIssuer: {
    status: 401,
    code: 'InvalidAuthenticationTokenTenant',
    message: ({ found }, tenantId) =>
      `The access token is from the wrong issuer '${found}'. It must match the tenant 'https://sts.windows.net/${tenantId}/' associated with this subscription.`,
  },
  directoryObject: {
    ...badToken,
    message: ({ issuer, objectId }) =>
      `The access token is invalid: '${objectId}' is an object of this directory, and the issuer '${issuer}' may act as it only if the issuer's entry in the configuration lists it in 'directoryObjects'.`,
  },
  wrongAudience: {
    status: 401,
    code: 'InvalidAuthenticationTokenAudience',
    message: ({ expected, found }) =>
      `The access token has been obtained for wrong audience or resource '${found}'. It should exactly match with one of the allowed audiences '${expected.join("','")}'.`,
  },
  expired: {
    status: 401,
    code: 'ExpiredAuthenticationToken',
    message: ({ expiresAt }) =>
      `The access token expiry UTC time '${new Date(expiresAt * 1000).toISOString()}' is earlier than current UTC time.`,
  },
  notYetValid: {
    ...badToken,
    message: ({ notBefore }) =>
      `The access token is invalid: it is not valid before ${new Date(notBefore * 1000).toISOString()}.`,
  },
  ...authorizationErrors,
  ...networkErrors,
  ...storageErrors,
  bodyNotJson: {
    status: 400,
    code: 'InvalidRequestContent',
    message: () => 'The request content was invalid and could not be deserialized: it is not a JSON object.',
  },
  bodyOutOfBounds: {
    status: 400,
    code: 'InvalidRequestContent',
    message: ({ fault }) =>
      `The request content was invalid and could not be deserialized: ${describeJsonFault(fault)}.`,
  },
  bodyTooLarge: {
    status: 413,
    code: 'RequestContentTooLarge',
    message: ({ limit }) => `The request content is larger than the ${limit} bytes that are allowed.`,
  },
  resourceTooLarge: {
    status: 413,
    code: 'RequestContentTooLarge',
    message: ({ bytes, limit }) =>
      `The resource would have ${bytes} bytes; at most ${limit} are allowed. Make what is in it smaller.`,
  },
  badQuery: { status: 400, code: 'BadRequest', message: ({ message }) => message },
  wrongType: rule,
  unknownMember: rule,
  missingMember: rule,
  unknownChoice: rule,
  tooManyIpRules: rule,
  tooManyVirtualNetworkRules: rule,
  notARange: rule,
  reservedRange: rule,
  smallRange: rule,
  malformedSubnetId: rule,
  invalidProperty: { status: 400, code: 'BadRequest', message: ({ message }) => message },
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
      `There is no soft-deleted vault '${name}' in location '${location}' that could be recovered. Leave createMode out to create a vault or to change the one that there is.`,
  },
  resourceNotFound: {
    status: 404,
    code: 'ResourceNotFound',
    message: ({ type, name, resourceGroup }) =>
      `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  },
  deletedVaultNotFound: {
    status: 404,
    code: 'DeletedVaultNotFound',
    message: ({ name, location }) => `The specified deleted vault '${name}' does not exist in location '${location}'.`,
  },
  resourceGroupNotFound: {
    status: 404,
    code: 'ResourceGroupNotFound',
    message: ({ name }) => `Resource group '${name}' could not be found.`,
  },
  subscriptionNotFound: {
    status: 404,
    code: 'SubscriptionNotFound',
    message: ({ id }) => `The subscription '${id}' could not be found.`,
  },
  purgeProtected: {
    status: 400,
    code: 'PurgeNotAllowed',
    message: ({ name }) =>
      `The vault '${name}' has purge protection: it is purged by itself when its retention period has passed, and by nobody before.`,
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
  dataSinkInUse: {
    status: 409,
    code: 'Conflict',
    message: ({ sink, setting, category }) =>
      `Data sink '${sink}' is already used in diagnostic setting '${setting}' for category '${category}'. Data sinks can't be reused in different settings on the same category for the same resource.`,
  },
  locationMismatch: {
    status: 409,
    code: 'InvalidResourceLocation',
    message: ({ name, location, asked }) =>
      `The resource '${name}' already exists in location '${location}'. A resource with the same name cannot be created in location '${asked}'.`,
  },
  preconditionFailed: {
    status: 412,
    code: 'PreconditionFailed',
    message: ({ id }) => `The If-Match condition does not hold: ${id} was changed by somebody else. Read it again.`,
  },
  vaultObjectNotFound: { status: 404, code: 'NotFound', message: ({ message }) => message },
  vaultObjectConflict: { status: 409, code: 'Conflict', message: ({ message }) => message },
  operationUnknown: {
    status: 404,
    code: 'OperationNotFound',
    message: ({ id }) =>
      `The operation '${id}' could not be found. Operations can be asked for until a week after their start.`,
  },
  resourceGroupBeingDeleted: {
    status: 409,
    code: 'ResourceGroupBeingDeleted',
    message: ({ name }) => `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
  },
  invalidTemplate: {
    status: 400,
    code: 'InvalidTemplate',
    message: ({ message }) => `Deployment template validation failed: '${message}'.`,
  },
  invalidDeployment: { status: 400, code: 'InvalidDeployment', message: ({ message }) => message },
  deploymentNotValid: {
    status: 400,
    code: 'InvalidTemplateDeployment',
    message: ({ name, trackingId }) =>
      `The template deployment '${name}' is not valid according to the validation procedure. The tracking id is '${trackingId}'. See inner errors for details.`,
  },
  deploymentNotFound: {
    status: 404,
    code: 'DeploymentNotFound',
    message: ({ name }) => `Deployment '${name}' could not be found.`,
  },
  deploymentActive: {
    status: 409,
    code: 'DeploymentActive',
    message: ({ name, since }) =>
      `Unable to edit or replace deployment '${name}': previous deployment from '${since}' is still active. Please see https://aka.ms/arm-deploy for usage details.`,
  },
  deploymentNotActive: {
    status: 409,
    code: 'DeploymentNotActive',
    message: ({ name, state }) => `The deployment '${name}' cannot be cancelled: it is not running, but ${state}.`,
  },
  keyVaultReferenceNotFound: {
    status: 404,
    code: 'KeyVaultParameterReferenceNotFound',
    message: ({ parameter, vaultId }) =>
      `The specified KeyVault '${vaultId}' of the template parameter '${parameter}' could not be found. Please see https://aka.ms/arm-keyvault for usage details.`,
  },
  keyVaultReferenceNotAuthorized: {
    status: 403,
    code: 'KeyVaultParameterReferenceAuthorizationFailed',
    message: ({ objectId, vaultId }) =>
      `The client '${objectId}' with object id '${objectId}' does not have permission to perform action 'Microsoft.KeyVault/vaults/deploy/action' on the specified KeyVault resource '${vaultId}'. Please see https://aka.ms/arm-keyvault for usage details.`,
  },
  keyVaultReferenceNotRead: {
    status: 400,
    code: 'KeyVaultParameterReferenceSecretRetrieveFailed',
    message: ({ parameter, vaultId, status, answered }) =>
      `The secret of KeyVault parameter '${parameter}' cannot be retrieved. Http status code: '${status}'. Error message: '${answered}'. The KeyVault is '${vaultId}'. Please see https://aka.ms/arm-keyvault for usage details.`,
  },
  tooManyConflicts: {
    status: 409,
    code: 'ConflictError',
    message: () =>
      "You're requesting multiple operations on the same item, for example, Key Vault, secret, key, certificate, or common components within a Key Vault like VNET. It's recommended to sequence operations or to implement retry logic.",
  },
  recordUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: () => 'The change or its audit record cannot be written, so nothing was changed.',
  },
  unreadable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: () => 'What is stored of this resource cannot be read. The log of the server has the detail.',
  },
  internal: { status: 500, code: 'InternalServerError', message: () => 'An unexpected error occurred.' },
} satisfies Errors;

/** Azure's sentence for a vault name that is taken, in the error and in `checkNameAvailability`. */
export function nameInUse(name: string): string {
  return `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state.`;
}

const table: Errors = errors;

/** A refusal in the resource manager's envelope. */
export function renderError<K extends Kind>(refusal: OfKind<K> & { readonly kind: K }, tenantId: string) {
  const { status, code, message }: WireError<OfKind<K>> = table[refusal.kind];
  const text = message(refusal, tenantId);
  const details = 'details' in refusal ? { details: refusal.details } : {};
  return { status, message: text, body: { error: { code, message: text, ...details } } };
}
