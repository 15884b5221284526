import { storeErrors } from '../edge/store-errors.ts';
import { refusalMessage } from '../firewall/refusal.ts';
import type { RuleRefusal } from '../firewall/refusal.ts';
import { describeJsonFault } from '../json/bounded-json.ts';
import { authorizationErrors } from './authorization/errors.ts';
import { networkErrors } from './virtual-networks/errors.ts';
import { deploymentErrors } from './deployments/errors.ts';
import type { Errors, Kind, OfKind, WireError } from './refusal.ts';
import { storageErrors } from './storage-accounts/errors.ts';
import { vaultErrors } from './vaults/errors.ts';

const rule = { status: 400, code: 'BadRequest', message: (refusal: RuleRefusal) => refusalMessage(refusal) };

const badToken = { status: 401, code: 'InvalidAuthenticationToken' };

/**
 * The resource manager's errors: status, code and message (azure-resource-manager "common deployment errors", recorded
 * answers).
 */
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
  ...vaultErrors,
  ...deploymentErrors,
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
  mediaTypeMalformed: {
    status: 415,
    code: 'UnsupportedMediaType',
    message: () => 'The Content-Type header is not a media type: give application/json.',
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
      `The resource would be ${bytes} bytes; at most ${limit} are allowed. Make its contents smaller.`,
  },
  badRequest: { status: 400, code: 'BadRequest', message: ({ message }) => message },
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
  resourceNotFound: {
    status: 404,
    code: 'ResourceNotFound',
    message: ({ type, name, resourceGroup }) =>
      `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
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
    message: ({ id }) =>
      `The If-Match or If-None-Match condition is not met by the current state of ${id}. Read it again.`,
  },
  operationUnknown: {
    status: 404,
    code: 'OperationNotFound',
    message: ({ id }) => `The operation '${id}' could not be found. Operations are kept for a week.`,
  },
  resourceGroupBeingDeleted: {
    status: 409,
    code: 'ResourceGroupBeingDeleted',
    message: ({ name }) => `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
  },
  tooManyWaits: {
    status: 429,
    code: 'TooManyRequests',
    message: ({ waiting, whose }) =>
      `${waiting} requests${whose === 'caller' ? ' of this caller' : ''} wait for a change of the networks already, and no more may. End one of them, or ask without 'after'.`,
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
  ...storeErrors('resource'),
  unreadable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: () => 'The stored record of this resource cannot be read. See the log of the server.',
  },
  internal: { status: 500, code: 'InternalServerError', message: () => 'An unexpected error occurred.' },
} satisfies Errors;

const table: Errors = errors;

/** Turns a refusal into a status and a body in the resource manager's form. */
export function renderError<K extends Kind>(refusal: OfKind<K> & { readonly kind: K }, tenantId: string) {
  const { status, code, message }: WireError<OfKind<K>> = table[refusal.kind];
  const text = message(refusal, tenantId);
  const details = 'details' in refusal ? { details: refusal.details } : {};
  return { status, message: text, body: { error: { code, message: text, ...details } } };
}
