import type { Answer } from '../http/answer.ts';
import type { AuthorityRefusal } from './refusal.ts';

interface OAuthError {
  readonly status: number;
  /** RFC 6749 section 5.2, and Entra's own `invalid_tenant`, `invalid_instance`, `invalid_resource`. */
  readonly error: string;
  /** The AADSTS number. */
  readonly code: number;
}

type Kind = AuthorityRefusal['kind'];

type RefusalOf = { readonly [K in Kind]: Extract<AuthorityRefusal, { readonly kind: K }> };

type Errors = { readonly [K in Kind]: OAuthError & { readonly message: (refusal: RefusalOf[K]) => string } };

const badRequest = { status: 400, error: 'invalid_request' };
const badClient = { status: 401, error: 'invalid_client' };

/**
 * Each refusal as Entra words it (Microsoft, "Microsoft Entra authentication and authorization error codes", and what
 * its users quote). Where Entra has no number of its own, the nearest stands with a text that says more.
 */
export const errors: Errors = {
  hostUnknown: {
    ...badRequest,
    status: 421,
    code: 90023,
    message: () => 'The request names a host that this server does not answer for.',
  },
  tenantNotFound: { ...badRequest, code: 90002, message: ({ tenant }) => tenantText(tenant) },
  tenantNotDiscovered: {
    status: 400,
    error: 'invalid_tenant',
    code: 90002,
    message: ({ tenant }) => tenantText(tenant),
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
    message: () => "The request body is not a form; send it as 'application/x-www-form-urlencoded'.",
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
  clientUnknown: {
    status: 400,
    error: 'unauthorized_client',
    code: 700016,
    message: ({ clientId, tenant }) =>
      `Application with identifier '${shown(clientId)}' was not found in the directory '${tenant}'. This can happen if ` +
      'the application has not been installed by the administrator of the tenant or consented to by any user in the ' +
      'tenant. You may have sent your authentication request to the wrong tenant.',
  },
  credentialMissing: {
    ...badClient,
    code: 7000216,
    message: () =>
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  },
  credentialsSeveral: {
    ...badRequest,
    code: 90023,
    message: () =>
      "The request authenticates the client in more than one way: send either 'client_secret', or a Basic " +
      "Authorization header, or 'client_assertion'.",
  },
  secretWrong: {
    ...badClient,
    code: 7000215,
    message: ({ clientId }) =>
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the ' +
      `client secret ID, for a secret added to app '${clientId}'.`,
  },
  tooManyLogins: {
    status: 503,
    error: 'temporarily_unavailable',
    code: 90033,
    message: () => 'A transient error has occurred. Please try again.',
  },
  assertionTypeUnsupported: {
    ...badRequest,
    code: 90023,
    message: ({ type }) =>
      `The 'client_assertion_type' '${shown(type)}' is not supported: use ` +
      "'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'.",
  },
  assertionMalformed: {
    ...badClient,
    code: 50027,
    message: () =>
      'JWT token is invalid or malformed. A client assertion has a header with alg and x5t or x5t#S256, and the claims ' +
      'aud, exp, iss, jti and sub.',
  },
  assertionAlgorithmUnsupported: {
    ...badClient,
    code: 700027,
    message: () => 'Invalid JWT token. Unsupported asymmetric signing algorithm. Use RS256 or PS256.',
  },
  assertionKeyUnknown: {
    ...badClient,
    code: 700027,
    message: ({ thumbprint }) => signatureText(`The key was not found., ${thumbprintText(thumbprint)}`),
  },
  assertionKeyExpired: {
    ...badClient,
    code: 700027,
    message: ({ thumbprint, from, to }) =>
      signatureText(`The key used is expired., ${thumbprintText(thumbprint)}, Found key 'Start=${from}, End=${to}'`),
  },
  assertionSignatureWrong: {
    ...badClient,
    code: 700027,
    message: ({ thumbprint }) =>
      signatureText(
        `The key was found, but use of the key to verify the signature failed., ${thumbprintText(thumbprint)}`,
      ),
  },
  assertionOfOtherClient: {
    ...badClient,
    code: 700021,
    message: () => "Client assertion application identifier doesn't match 'client_id' parameter.",
  },
  assertionForOtherAudience: {
    ...badClient,
    code: 700023,
    message: () =>
      "Client assertion audience claim does not match Realm issuer. Use this tenant's token endpoint as 'aud'.",
  },
  assertionOutOfTime: {
    ...badClient,
    code: 700024,
    message: ({ now, from, to }) =>
      `Client assertion is not within its valid time range. Current time: ${iso(now)}, assertion valid from ` +
      `${iso(from)}, expiry time of assertion ${iso(to)}.`,
  },
  assertionTooLong: {
    ...badClient,
    code: 700024,
    message: ({ secondsMax }) =>
      `Client assertion is not within its valid time range. It may expire at most ${secondsMax} seconds from now.`,
  },
  assertionReplayed: {
    ...badClient,
    code: 50027,
    message: () => 'JWT token is invalid. This client assertion was used before; make one with a new jti.',
  },
  internal: {
    status: 500,
    error: 'server_error',
    code: 90033,
    message: () => 'A transient error has occurred. Please try again.',
  },
};

/** The two ids that an error carries, and its time in milliseconds since 1970. */
export interface Trace {
  readonly traceId: string;
  readonly correlationId: string;
  readonly now: number;
}

/** The refusal in OAuth's envelope (RFC 6749 section 5.2) with Entra's additions. */
export function oauthError(refusal: AuthorityRefusal, { traceId, correlationId, now }: Trace): Answer {
  const { status, error, code } = errors[refusal.kind];
  const timestamp = new Date(now)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${messageOf(refusal.kind, refusal)} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
    },
  };
}

function messageOf<K extends Kind>(kind: K, refusal: RefusalOf[K]): string {
  return errors[kind].message(refusal);
}

function tenantText(tenant: string): string {
  return (
    `Tenant '${shown(tenant)}' not found. Check to make sure you have the correct tenant ID and are signing into the ` +
    'correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions ' +
    'for the tenant.'
  );
}

function signatureText(reason: string): string {
  return `Client assertion contains an invalid signature. [Reason - ${reason}]`;
}

function thumbprintText(thumbprint: string): string {
  return `Thumbprint of key used by client: '${shown(thumbprint)}'`;
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** What the request said, cut to a length and without control characters: it ends up on terminals. */
function shown(value: string): string {
  return value.slice(0, 256).replace(/[^\x20-\x7e]/g, '?');
}
