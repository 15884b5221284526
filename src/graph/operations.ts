import { createApplication } from './applications/create.ts';
import { deleteApplication } from './applications/delete.ts';
import { updateApplication } from './applications/update.ts';
import { applications, groups, servicePrincipals, users } from './collections.ts';
import { deleteObject } from './delete.ts';
import { checkMemberGroups } from './directory-objects/check-member-groups.ts';
import { getByIds } from './directory-objects/get-by-ids.ts';
import { getDirectoryObject } from './directory-objects/get.ts';
import { createFederatedIdentityCredential } from './federated-identity-credentials/create.ts';
import { deleteFederatedIdentityCredential } from './federated-identity-credentials/delete.ts';
import { getFederatedIdentityCredential } from './federated-identity-credentials/get.ts';
import { listFederatedIdentityCredentials } from './federated-identity-credentials/list.ts';
import { updateFederatedIdentityCredential } from './federated-identity-credentials/update.ts';
import { getObject } from './get.ts';
import { addMember } from './groups/add-member.ts';
import { createGroup } from './groups/create.ts';
import { listMembers } from './groups/list-members.ts';
import { removeMember } from './groups/remove-member.ts';
import { updateGroup } from './groups/update.ts';
import { listCollection } from './list.ts';
import { getMe } from './me.ts';
import { getMemberGroups } from './member-groups.ts';
import type { GraphOperation } from './operation.ts';
import { listOrganization } from './organization.ts';
import { addPassword, removePassword } from './passwords.ts';
import { createServicePrincipal } from './service-principals/create.ts';
import { updateServicePrincipal } from './service-principals/update.ts';
import { createUser } from './users/create.ts';
import { revokeSignInSessions } from './users/revoke-sign-in-sessions.ts';
import { updateUser } from './users/update.ts';

/** Every operation of Graph. */
export const operations: readonly GraphOperation[] = [
  getMe,
  listOrganization,
  listCollection(users),
  getObject(users),
  createUser,
  updateUser,
  deleteObject(users),
  getMemberGroups(users),
  revokeSignInSessions,
  listCollection(groups),
  getObject(groups),
  createGroup,
  updateGroup,
  deleteObject(groups),
  getMemberGroups(groups),
  listMembers,
  addMember,
  removeMember,
  listCollection(applications),
  getObject(applications),
  createApplication,
  updateApplication,
  deleteApplication,
  addPassword(applications),
  removePassword(applications),
  listFederatedIdentityCredentials,
  getFederatedIdentityCredential,
  createFederatedIdentityCredential,
  updateFederatedIdentityCredential,
  deleteFederatedIdentityCredential,
  listCollection(servicePrincipals),
  getObject(servicePrincipals),
  createServicePrincipal,
  updateServicePrincipal,
  deleteObject(servicePrincipals),
  getMemberGroups(servicePrincipals),
  addPassword(servicePrincipals),
  removePassword(servicePrincipals),
  getDirectoryObject,
  getByIds,
  checkMemberGroups,
];
