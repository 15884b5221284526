import type { ManagedIdentityRefusal } from '../refusal.ts';
import { badRequest, shown } from './wire.ts';
import type { ErrorsOf } from './wire.ts';

/** Refusals of a workload (Microsoft, "How to use managed identities to acquire an access token"). */
export const managedIdentityErrors: ErrorsOf<ManagedIdentityRefusal> = {
  metadataHeaderMissing: { ...badRequest, message: () => 'Required metadata header not specified' },
  metadataForwarded: {
    ...badRequest,
    message: () =>
      'The request came through a proxy (X-Forwarded-For), but a workload is known only by its own connection',
  },
  metadataVersionUnsupported: {
    ...badRequest,
    message: ({ version, supported }) => `The api-version '${shown(version)}' is not supported: use ${supported}`,
  },
  metadataParameterMissing: { ...badRequest, message: ({ name }) => `The query parameter '${name}' is missing` },
  identityHeaderWrong: {
    status: 401,
    error: 'unauthorized',
    message: () => 'The header X-IDENTITY-HEADER is missing or belongs to no workload',
  },
  // With this status a client's chain of credentials goes on, as it does on a machine of Azure without an identity.
  workloadUnknown: {
    ...badRequest,
    message: () =>
      'Identity not found. No managed identity is bound to the address and subnet that the request came from: start the ' +
      "workload as one, or add them to the client's workloads in the configuration file",
  },
  identityNotFound: { ...badRequest, message: () => 'Identity not found' },
  identityNotNamed: {
    ...badRequest,
    message: () =>
      'The workload has no system-assigned identity: name a user-assigned one by client_id, object_id or mi_res_id',
  },
  identityNamedTwice: {
    ...badRequest,
    message: () => 'Name the identity by one of client_id, object_id (or principal_id) and mi_res_id',
  },
};
