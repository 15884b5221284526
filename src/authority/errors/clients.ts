import type { AssertionRefusal, ClientRefusal } from '../refusal.ts';
import { badClient, badRequest, iso, shown } from './wire.ts';
import type { ErrorsOf } from './wire.ts';

/** The client could not be identified or authenticated. */
export const clientErrors: ErrorsOf<ClientRefusal> = {
  clientUnknown: {
    status: 400,
    error: 'unauthorized_client',
    code: 700016,
    message: ({ clientId, tenant }) =>
      `Application with identifier '${shown(clientId)}' was not found in the directory '${tenant}'. This can happen if ` +
      'the application has not been installed by the administrator of the tenant or consented to by any user in the ' +
      'tenant. You may have sent your authentication request to the wrong tenant.',
  },
  clientDisabled: {
    status: 400,
    error: 'unauthorized_client',
    code: 7000112,
    message: ({ clientId }) => `Application '${clientId}' is disabled.`,
  },
  servicePrincipalMissing: {
    status: 400,
    error: 'unauthorized_client',
    code: 7000229,
    message: ({ clientId, tenant }) =>
      `The client application ${clientId} is missing service principal in the tenant ${tenant}. Create one, for example ` +
      `with 'az ad sp create --id ${clientId}'.`,
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
  clientCredentialNeeded: {
    ...badClient,
    code: 7000218,
    message: () =>
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'. A client that " +
      'cannot keep a secret is registered as one (isFallbackPublicClient).',
  },
  clientIsPublic: {
    ...badClient,
    code: 700025,
    message: () => "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  },
  secretWrong: {
    ...badClient,
    code: 7000215,
    message: ({ clientId }) =>
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the ' +
      `client secret ID, for a secret added to app '${clientId}'.`,
  },
  secretExpired: {
    ...badClient,
    code: 7000222,
    message: ({ clientId }) =>
      `The provided client secret keys for app '${clientId}' are expired. Create new keys for your app, or use ` +
      'certificate credentials.',
  },
};

/** A client's assertion, or another issuer's token for it, was not accepted. */
export const assertionErrors: ErrorsOf<AssertionRefusal> = {
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
    message: ({ thumbprint }) => signatureMessage(`The key was not found., ${thumbprintPhrase(thumbprint)}`),
  },
  assertionKeyExpired: {
    ...badClient,
    code: 700027,
    message: ({ thumbprint, from, to }) =>
      signatureMessage(
        `The key used is expired., ${thumbprintPhrase(thumbprint)}, Found key 'Start=${from}, End=${to}'`,
      ),
  },
  assertionSignatureWrong: {
    ...badClient,
    code: 700027,
    message: ({ thumbprint }) =>
      signatureMessage(
        `The key was found, but use of the key to verify the signature failed., ${thumbprintPhrase(thumbprint)}`,
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
    message: () => 'JWT token is invalid. This client assertion was used before; send one with a new jti.',
  },
  federatedCredentialMissing: {
    ...badClient,
    code: 70025,
    message: ({ clientId, displayName }) =>
      `The client '${clientId}'(${shown(displayName)}) has no configured federated identity credentials.`,
  },
  federatedIssuerUnknown: {
    ...badClient,
    code: 700211,
    message: ({ issuer }) =>
      `No matching federated identity record found for presented assertion issuer '${shown(issuer)}'.`,
  },
  federatedSubjectUnknown: {
    ...badClient,
    code: 700213,
    message: ({ subject }) =>
      `No matching federated identity record found for presented assertion subject '${shown(subject)}'.`,
  },
  federatedAudienceUnknown: {
    ...badClient,
    code: 700212,
    message: ({ audience }) =>
      `No matching federated identity record found for presented assertion audience '${shown(audience)}'.`,
  },
  federatedIssuerNotTrusted: {
    ...badClient,
    code: 700211,
    message: ({ issuer }) =>
      `This server does not have the keys of the federated identity record's issuer '${shown(issuer)}': add it to the ` +
      'issuers in the configuration file.',
  },
  federatedKeysUnavailable: {
    ...badClient,
    code: 50166,
    message: ({ issuer, kid }) =>
      `The signing key '${shown(kid)}' of the assertion's issuer '${shown(issuer)}' is not available: the issuer does not ` +
      'publish it, or its keys cannot be fetched now.',
  },
  federatedSignatureWrong: {
    ...badClient,
    code: 700027,
    message: ({ issuer, subject }) =>
      `Client assertion contains an invalid signature. [Reason - it is not of the issuer '${shown(issuer)}', Subject ` +
      `'${shown(subject)}']`,
  },
};

function signatureMessage(reason: string): string {
  return `Client assertion contains an invalid signature. [Reason - ${reason}]`;
}

function thumbprintPhrase(thumbprint: string): string {
  return `Thumbprint of key used by client: '${shown(thumbprint)}'`;
}
