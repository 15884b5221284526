import type { ClientRefusal } from '../refusal.ts';
import { badClient, badRequest, shown } from './wire.ts';
import type { ErrorsOf } from './wire.ts';

/** Who asks is not the client that it says. */
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
      `The client application ${clientId} is missing service principal in the tenant ${tenant}. Make one, for example ` +
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
