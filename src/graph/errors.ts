import { storeErrors } from '../edge/store-errors.ts';
import { describeJsonFault } from '../json/bounded-json.ts';
import type { GraphRefusal } from './refusal.ts';

interface WireError<R> {
  readonly status: number;
  readonly code: string;
  readonly message: (refusal: R) => string;
}

type Kind = GraphRefusal['kind'];
type OfKind<K extends Kind> = Extract<GraphRefusal, { readonly kind: K }>;
type Errors = { readonly [K in Kind]: WireError<OfKind<K>> };

const badToken = { status: 401, code: 'InvalidAuthenticationToken' };
const badRequest = { status: 400, code: 'Request_BadRequest' };
const notFound = { status: 404, code: 'Request_ResourceNotFound' };

const notFoundMessage = (id: string) =>
  `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`;

/** Graph's errors (Microsoft, "Microsoft Graph error responses and resource types", and what az expects in them). */
export const errors: Errors = {
  segmentNotFound: {
    status: 400,
    code: 'BadRequest',
    message: ({ path }) => `Resource not found for the segment '${path}': this operation is not supported here.`,
  },
  bearerMissing: { ...badToken, message: () => 'Access token is empty.' },
  malformed: { ...badToken, message: ({ part }) => `CompactToken parsing failed: its ${part} cannot be read.` },
  unsupportedAlgorithm: {
    ...badToken,
    message: ({ found, supported }) => `The token's algorithm '${found}' is not one of ${supported.join(', ')}.`,
  },
  unknownKey: { ...badToken, message: ({ kid }) => `The token's issuer has no signing key '${kid ?? '(no kid)'}'.` },
  keysUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: ({ issuer }) => `The signing keys of the token's issuer ${issuer} cannot be fetched now. Try again later.`,
  },
  wrongSignature: { ...badToken, message: () => 'Access token validation failure. Invalid signature.' },
  wrongIssuer: {
    ...badToken,
    message: ({ found }) =>
      `Access token validation failure. Invalid issuer '${found}': use a token of this directory.`,
  },
  directoryObject: {
    ...badToken,
    message: ({ issuer }) =>
      `Access token validation failure. Invalid issuer '${issuer}': use a token of this directory.`,
  },
  wrongAudience: {
    ...badToken,
    message: ({ expected, found }) =>
      `Access token validation failure. Invalid audience '${found}', which is not one of ${expected.join(', ')}.`,
  },
  expired: { ...badToken, message: () => 'Lifetime validation failed, the token is expired.' },
  notYetValid: { ...badToken, message: () => 'Lifetime validation failed, the token is not yet valid.' },
  notAdministrator: {
    status: 403,
    code: 'Authorization_RequestDenied',
    message: () =>
      'Insufficient privileges to complete the operation. Only members of the group Global Administrator can change the ' +
      'directory. After becoming a member, get a new token.',
  },
  networksOnly: {
    status: 403,
    code: 'Authorization_RequestDenied',
    message: () =>
      'Insufficient privileges to complete the operation. This client reads the virtual networks, and nothing of the ' +
      'directory. Use another client.',
  },
  notUser: {
    status: 400,
    code: 'BadRequest',
    message: () => '/me request is only valid with delegated authentication flow.',
  },
  bodyNotJson: {
    status: 400,
    code: 'BadRequest',
    message: () => 'Unable to read JSON request payload: it is not an object.',
  },
  bodyOutOfBounds: {
    status: 400,
    code: 'BadRequest',
    message: ({ fault }) => `Unable to read JSON request payload: ${describeJsonFault(fault)}.`,
  },
  bodyTooLarge: {
    status: 413,
    code: 'RequestEntityTooLarge',
    message: ({ limit }) => `The request body is larger than the ${limit} bytes that are allowed.`,
  },
  mediaTypeInvalid: {
    status: 415,
    code: 'UnsupportedMediaType',
    message: () => 'The Content-Type header of the request is not a media type: send application/json.',
  },
  memberUnknown: {
    ...badRequest,
    message: ({ name, known }) => `The property '${name}' is not supported here. Supported: ${known}.`,
  },
  queryUnsupported: {
    ...badRequest,
    code: 'Request_UnsupportedQuery',
    message: ({ name }) => `The query option '${name}' is not supported. Leave it out.`,
  },
  queryInvalid: {
    ...badRequest,
    code: 'Request_UnsupportedQuery',
    message: ({ name, rule }) => `Unsupported or invalid query option '${name}': ${rule}.`,
  },
  managedIdentityOfResource: {
    ...badRequest,
    message: ({ id, resourceId = 'its resource' }) =>
      `The service principal '${id}' is the managed identity of ${resourceId}: it has no credentials of its own, and is deleted with it.`,
  },
  objectNotFound: { ...notFound, message: ({ id }) => notFoundMessage(id) },
  credentialNotFound: { ...badRequest, message: ({ keyId }) => `No credential found for the keyId '${keyId}'.` },
  nameTaken: {
    ...badRequest,
    message: ({ objectKind, name }) =>
      objectKind === 'servicePrincipal'
        ? `The service principal cannot be created, updated, or restored because the service principal name ${name} is already in use.`
        : `Another object with the same value '${name}' for a property that must be unique already exists.`,
  },
  propertyInvalid: {
    ...badRequest,
    message: ({ property, rule }) => `Invalid value specified for property '${property}' of the resource: ${rule}.`,
  },
  memberAlready: {
    ...badRequest,
    message: () =>
      "One or more added object references already exist for the following modified properties: 'members'.",
  },
  tooMany: {
    ...badRequest,
    message: ({ what, max }) => `The object has ${max} ${what}, the maximum: remove one first.`,
  },
  applicationUnknown: {
    ...badRequest,
    message: ({ appId }) =>
      `The appId '${appId}' of the service principal does not reference a valid application object.`,
  },
  tooManyConflicts: {
    status: 409,
    code: 'Request_Conflict',
    message: () => 'Too many concurrent changes of the object. Try again.',
  },
  recordUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: () => 'The change or its audit record cannot be written, so nothing was changed.',
  },
  ...storeErrors('object'),
  unreadable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: () => 'A record of the directory cannot be read. See the log of the server.',
  },
  internal: { status: 500, code: 'InternalServerError', message: () => 'An unexpected error occurred.' },
};

export interface ErrorTrace {
  readonly requestId: string;
  readonly clientRequestId: string;
  /** In milliseconds since 1970. */
  readonly nowMs: number;
}

/** A refusal in Graph's envelope. */
export function renderError(refusal: GraphRefusal, { requestId, clientRequestId, nowMs }: ErrorTrace) {
  const { status, code } = errors[refusal.kind];
  const date = new Date(nowMs).toISOString().slice(0, 19);
  const innerError = { date, 'request-id': requestId, 'client-request-id': clientRequestId };
  return { status, body: { error: { code, message: messageOf(refusal.kind, refusal), innerError } } };
}

function messageOf<K extends Kind>(kind: K, refusal: { readonly [P in Kind]: OfKind<P> }[K]): string {
  return errors[kind].message(refusal);
}
