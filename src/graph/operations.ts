import { applicationOperations } from './applications.ts';
import { directoryObjectOperations } from './directory-objects.ts';
import { federatedIdentityCredentialOperations } from './federated-identity-credentials.ts';
import { groupOperations } from './groups.ts';
import type { GraphOperation } from './operation.ts';
import { servicePrincipalOperations } from './service-principals.ts';
import { userOperations } from './users.ts';

/** All operations of Graph. */
export const operations: readonly GraphOperation[] = [
  ...userOperations,
  ...groupOperations,
  ...applicationOperations,
  ...federatedIdentityCredentialOperations,
  ...servicePrincipalOperations,
  ...directoryObjectOperations,
];
