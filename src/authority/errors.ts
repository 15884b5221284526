import type { Answer } from '../http/answer.ts';
import { siteWaitSeconds } from './device-begins.ts';
import { assertionErrors, clientErrors } from './errors/clients.ts';
import { managedIdentityErrors } from './errors/managed-identity.ts';
import { signInErrors, userErrors } from './errors/users.ts';
import { badRequest, shown } from './errors/wire.ts';
import type { ErrorsOf } from './errors/wire.ts';
import type { AuthorityRefusal } from './refusal.ts';

type Kind = AuthorityRefusal['kind'];

type RefusalOf = { readonly [K in Kind]: Extract<AuthorityRefusal, { readonly kind: K }> };

/**
 * Each refusal in Entra's words (Microsoft, "Microsoft Entra authentication and authorization error codes", and messages
 * that users quote). Where Entra has no code, the nearest one is used with a message that says more.
 */
export const errors: ErrorsOf<AuthorityRefusal> = {
  tenantNotFound: { ...badRequest, code: 90002, message: ({ tenant }) => tenantMessage(tenant) },
  tenantNotDiscovered: {
    status: 400,
    error: 'invalid_tenant',
    code: 90002,
    message: ({ tenant }) => tenantMessage(tenant),
  },
  tenantNotNamed: {
    ...badRequest,
    code: 50059,
    message: () =>
      'No tenant-identifying information found in either the request or implied by any provided credentials.',
  },
  instanceUnknown: {
    status: 400,
    error: 'invalid_instance',
    code: 50049,
    message: () => 'Unknown or invalid instance.',
  },
  formUnreadable: {
    ...badRequest,
    code: 90023,
    message: () => "The request body is not a form: send it as 'application/x-www-form-urlencoded'.",
  },
  formTooLarge: {
    ...badRequest,
    status: 413,
    code: 90023,
    message: ({ bytesMax }) => `The request body is larger than ${bytesMax} bytes.`,
  },
  parameterMissing: {
    ...badRequest,
    code: 900144,
    message: ({ name }) => `The request body must contain the following parameter: '${name}'.`,
  },
  tooManyParameters: {
    ...badRequest,
    code: 90023,
    message: ({ parametersMax }) => `The request has more than ${parametersMax} parameters.`,
  },
  parameterTwice: {
    ...badRequest,
    code: 9000411,
    message: ({ name }) => `The request is not properly formatted. The parameter '${shown(name)}' is duplicated.`,
  },
  grantUnsupported: {
    status: 400,
    error: 'unsupported_grant_type',
    code: 70003,
    message: ({ grant }) => `The app requested an unsupported grant type '${shown(grant)}'.`,
  },
  scopeNotDefault: {
    status: 400,
    error: 'invalid_scope',
    code: 1002012,
    message: ({ scope }) =>
      `The provided value for scope ${shown(scope)} is not valid. Client credential flows must have a scope value with ` +
      '/.default suffixed to the resource identifier (application ID URI).',
  },
  scopeOfSeveral: {
    status: 400,
    error: 'invalid_scope',
    code: 70011,
    message: ({ scope }) =>
      "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' " +
      `is not valid. The scope ${shown(scope)} is not valid.`,
  },
  resourceUnknown: {
    status: 400,
    error: 'invalid_resource',
    code: 500011,
    message: ({ resource, tenant }) =>
      `The resource principal named ${shown(resource)} was not found in the tenant named ${tenant}. This can happen if ` +
      'the application has not been installed by the administrator of the tenant or consented to by any user in the ' +
      'tenant. You might have sent your authentication request to the wrong tenant.',
  },
  tooManyLogins: {
    status: 503,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () => 'A transient error has occurred. Please try again.',
  },
  tooManyDevices: {
    status: 429,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () =>
      'A transient error has occurred: devices at this address have asked for too many codes. Please try again in a few seconds.',
  },
  ...clientErrors,
  ...assertionErrors,
  ...userErrors,
  ...signInErrors,
  ...managedIdentityErrors,
  tooManyConflicts: {
    status: 503,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () => 'A transient error has occurred. Please try again.',
  },
  recordUnavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () => 'A transient error has occurred: the sign-in cannot be recorded now. Please try again.',
  },
  storeUnavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () =>
      'A transient error has occurred: the database of this service cannot be reached, or cannot prove that it has the newest state. Please try again.',
  },
  outcomeUnknown: {
    status: 503,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () =>
      'A transient error has occurred: the database of this service was lost while the change was committed, so it may have happened, or not. Please sign in again.',
  },
  unreadable: {
    status: 503,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () =>
      'A transient error has occurred: a record of the directory cannot be read. See the log of the server.',
  },
  internal: {
    status: 500,
    error: 'server_error',
    code: 90033,
    message: () => 'A transient error has occurred. Please try again.',
  },
};

/** The two ids in an error, and its time in milliseconds since 1970. */
export interface Trace {
  readonly traceId: string;
  readonly correlationId: string;
  readonly nowMs: number;
}

/** The refusal in OAuth's envelope (RFC 6749 section 5.2) with Entra's additions. */
export function oauthError(refusal: AuthorityRefusal, { traceId, correlationId, nowMs }: Trace): Answer {
  const { status, error, code } = errors[refusal.kind];
  const timestamp = new Date(nowMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
  return {
    status,
    ...(status === 429 && { headers: { 'retry-after': String(siteWaitSeconds) } }),
    body: {
      error,
      error_description: `${errorMessage(refusal)} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: code === undefined ? [] : [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
    },
  };
}

/** The message for people: Entra's code and words. */
export function errorMessage(refusal: AuthorityRefusal): string {
  const { code } = errors[refusal.kind];
  const message = messageOf(refusal.kind, refusal);
  return code === undefined ? message : `AADSTS${code}: ${message}`;
}

function messageOf<K extends Kind>(kind: K, refusal: RefusalOf[K]): string {
  return errors[kind].message(refusal);
}

function tenantMessage(tenant: string): string {
  return (
    `Tenant '${shown(tenant)}' not found. Check to make sure you have the correct tenant ID and are signing into the ` +
    'correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions ' +
    'for the tenant.'
  );
}
