import { describeJsonFault } from '../../json/bounded-json.ts';
import type { VaultSwitch } from '../../types/vault.ts';
import { callerLine, lines, vaultLine } from './wire.ts';
import type { Errors } from './wire.ts';

const latestVersion = '2026-04-01';

/** The names of services in recorded answers. */
const serviceNames: Readonly<Partial<Record<VaultSwitch, string>>> = { enabledForTemplateDeployment: 'name=ARM;' };

/** The errors that end a request before its operation begins (rest-error-codes, common-error-codes). */
export const admissionErrors = {
  vaultNotFound: {
    status: 404,
    code: 'VaultNotFound',
    message: ({ name }) =>
      `There is no key vault '${name}' here. On Azure its name would not resolve; check the vault's name and that it is not soft-deleted.`,
  },
  operationNotFound: {
    status: 404,
    code: 'NotFound',
    message: ({ method, path }) => `The data plane has no operation ${method} ${path}.`,
  },
  // Only the status of Azure's answer is recorded.
  methodNotAllowed: {
    status: 405,
    code: 'MethodNotAllowed',
    message: ({ method, path, allowed }) =>
      `The data plane has no operation ${method} ${path}; the path takes ${allowed.join(', ')}.`,
  },
  apiVersionMissing: {
    status: 400,
    code: 'BadParameter',
    message: () => `The query parameter api-version is missing. The latest supported version is ${latestVersion}.`,
  },
  apiVersionUnknown: {
    status: 400,
    code: 'BadParameter',
    message: ({ found }) =>
      `The specified version (${found}) is not recognized. Consider using the latest supported version (${latestVersion}).`,
  },
  bearerMissing: {
    status: 401,
    code: 'Unauthorized',
    message: () => 'AKV10000: Request is missing a Bearer or PoP token.',
  },
  malformed: {
    status: 401,
    code: 'Unauthorized',
    message: ({ part }) => `Error validating token: it is not a JWT, or its ${part} is missing or of the wrong form.`,
  },
  unsupportedAlgorithm: {
    status: 401,
    code: 'Unauthorized',
    message: ({ found, supported }) =>
      `Error validating token: its algorithm '${found}' is not allowed for its issuer; allowed: ${supported.join(', ')}.`,
  },
  unknownKey: {
    status: 401,
    code: 'Unauthorized',
    message: (_, { encodedTokenHeader }) =>
      `AKV10046: Unable to resolve the key used for signature validation. EncodedJwtHeader: '${encodedTokenHeader}'.`,
  },
  keysUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: ({ issuer }) => `The signing keys of the token's issuer ${issuer} cannot be fetched now. Try again later.`,
  },
  wrongSignature: {
    status: 401,
    code: 'Unauthorized',
    message: () => "Error validating token: its signature does not match its issuer's key.",
  },
  wrongIssuer: {
    status: 401,
    code: 'Unauthorized',
    message: ({ found }, { acceptedIssuers }) =>
      `AKV10032: Invalid issuer. Expected one of ${acceptedIssuers.join(', ')}, found ${found}.`,
  },
  directoryObject: {
    status: 401,
    code: 'Unauthorized',
    message: ({ issuer, objectId }) =>
      `Error validating token: '${objectId}' is an object of this directory, and the issuer ${issuer} may act as it only if the issuer's entry in the configuration lists it in 'directoryObjects'.`,
  },
  wrongAudience: {
    status: 401,
    code: 'Unauthorized',
    message: ({ expected, found }) => `AKV10022: Invalid audience. Expected ${expected.join(' or ')}, found: ${found}.`,
  },
  expired: {
    status: 401,
    code: 'Unauthorized',
    message: ({ expiresAt }) =>
      `[TokenExpired] Error validating token: it expired at ${new Date(expiresAt * 1000).toISOString()}.`,
  },
  notYetValid: {
    status: 401,
    code: 'Unauthorized',
    message: ({ notBefore }) =>
      `Error validating token: it is not valid before ${new Date(notBefore * 1000).toISOString()}.`,
  },
  deniedByFirewall: {
    status: 403,
    code: 'Forbidden',
    innererror: 'ForbiddenByFirewall',
    message: (_, context) =>
      lines(
        context.vault?.firewallSettings.networkAcls?.bypass === 'None'
          ? 'Client address is not authorized and caller was ignored because bypass is set to None'
          : 'Client address is not authorized and caller is not a trusted service.',
        `Client address: ${'address' in context.source ? context.source.address.text : 'unknown'}`,
        `Caller: ${callerLine(context)}`,
        `Vault: ${vaultLine(context)}`,
      ),
  },
  deniedByConnection: {
    status: 403,
    code: 'Forbidden',
    innererror: 'ForbiddenByConnection',
    message: (_, context) =>
      lines(
        context.vault?.firewallSettings.networkAcls?.bypass === 'None'
          ? 'Connection is not an approved private link and caller was ignored because bypass is not set to ' +
              "'AzureServices' and PublicNetworkAccess is set to 'Disabled'."
          : 'Public network access is disabled and request is not from a trusted service nor via an approved private link.',
        `Caller: ${callerLine(context)}`,
        `Vault: ${vaultLine(context)}`,
      ),
  },
  deniedByAccessPolicy: {
    status: 403,
    code: 'Forbidden',
    innererror: 'AccessDenied',
    message: ({ operation }, context) => {
      const [collection = '', permission = ''] = operation.permission.split('/');
      return (
        `The user, group or application '${callerLine(context, { countsGroups: true })}' does not have ${collection} ` +
        `${permission} permission on key vault '${vaultLine(context)}'. For help resolving this issue, please see ` +
        'https://go.microsoft.com/fwlink/?linkid=2125287'
      );
    },
  },
  deniedByRbac: {
    status: 403,
    code: 'Forbidden',
    innererror: 'ForbiddenByRbac',
    message: ({ action, resource }, context) =>
      `${lines(
        'Caller is not authorized to perform action on resource.',
        'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
        `Caller: ${callerLine(context)}`,
        `Action: '${action}'`,
        `Resource: '${resource}'`,
        'Assignment: (not found)',
        'DenyAssignmentId: null',
        "DecisionReason: 'DeniedWithNoValidRBAC' ",
        `Vault: ${vaultLine(context)}`,
      )}\r\n`,
  },
  throttled: {
    status: 429,
    code: 'Throttled',
    message: ({ reason }) => `Request was not processed because too many requests were received. Reason: ${reason}`,
  },
  deniedToService: {
    status: 403,
    code: 'Forbidden',
    innererror: 'AccessDenied',
    message: ({ vaultSwitch }, context) =>
      lines(
        'Access denied to first party service.',
        `Caller: ${serviceNames[vaultSwitch] ?? ''}tid=${context.caller?.tenant ?? ''};${callerLine(context)}`,
        `Vault: ${vaultLine(context)}`,
      ),
  },
  bodyNotJson: {
    status: 400,
    code: 'BadParameter',
    message: () => 'The request body is not valid JSON.',
  },
  bodyOutOfBounds: {
    status: 400,
    code: 'BadParameter',
    message: ({ fault }) => `The request body is refused: ${describeJsonFault(fault)}.`,
  },
  bodyTooLarge: {
    status: 413,
    code: 'RequestEntityTooLarge',
    message: ({ limit }) => `The request body is larger than the ${limit} bytes that are allowed.`,
  },
} satisfies Partial<Errors>;
