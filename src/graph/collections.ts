import type { DirectoryRecords, ObjectKind } from '../directory/records.ts';
import type { Value } from './filter.ts';

/** A collection of Graph: its path and what can be filtered. */
export interface Collection<K extends ObjectKind> {
  readonly kind: K;
  /** The segment of its path, such as `users`. */
  readonly segment: string;
  /** The properties that a filter may use. */
  readonly properties: { readonly [property: string]: (record: DirectoryRecords[K]) => Value };
  /** Those properties whose value finds an object without reading the others. */
  readonly names: readonly string[];
}

export const users: Collection<'user'> = {
  kind: 'user',
  segment: 'users',
  properties: {
    id: ({ id }) => id,
    userPrincipalName: ({ userPrincipalName }) => userPrincipalName,
    displayName: ({ displayName }) => displayName,
    mail: ({ mail }) => mail,
    mailNickname: ({ mailNickname }) => mailNickname,
    givenName: ({ givenName }) => givenName,
    surname: ({ surname }) => surname,
    accountEnabled: ({ accountEnabled }) => accountEnabled,
  },
  names: ['userPrincipalName'],
};

export const groups: Collection<'group'> = {
  kind: 'group',
  segment: 'groups',
  properties: {
    id: ({ id }) => id,
    displayName: ({ displayName }) => displayName,
    mailNickname: ({ mailNickname }) => mailNickname,
    description: ({ description }) => description,
    securityEnabled: () => true,
    mailEnabled: () => false,
  },
  names: [],
};

export const applications: Collection<'application'> = {
  kind: 'application',
  segment: 'applications',
  properties: {
    id: ({ id }) => id,
    appId: ({ appId }) => appId,
    displayName: ({ displayName }) => displayName,
    identifierUris: ({ identifierUris }) => identifierUris,
  },
  names: ['appId', 'identifierUris'],
};

export const servicePrincipals: Collection<'servicePrincipal'> = {
  kind: 'servicePrincipal',
  segment: 'servicePrincipals',
  properties: {
    id: ({ id }) => id,
    appId: ({ appId }) => appId,
    displayName: ({ displayName }) => displayName,
    servicePrincipalNames: ({ servicePrincipalNames }) => servicePrincipalNames,
    servicePrincipalType: ({ servicePrincipalType }) => servicePrincipalType,
    alternativeNames: ({ alternativeNames }) => alternativeNames,
    accountEnabled: ({ accountEnabled }) => accountEnabled,
  },
  names: ['appId', 'servicePrincipalNames'],
};
