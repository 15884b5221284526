import { managedMessage } from './wire.ts';
import type { Errors } from './wire.ts';

/** What the rules of certificates refuse ("Monitor and manage certificate creation" has most of the texts). */
export const certificateErrors = {
  pendingCertificateNotFound: {
    status: 404,
    code: 'PendingCertificateNotFound',
    message: ({ name }) => `Pending certificate not found: ${name}`,
  },
  certificatePending: {
    status: 409,
    code: 'Forbidden',
    message: () =>
      "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.",
  },
  pendingNotInProgress: {
    status: 403,
    code: 'Forbidden',
    message: () => 'Pending status must be in progress to allow update.',
  },
  mergeForbidden: {
    status: 403,
    code: 'Forbidden',
    // The spelling is Azure's.
    message: ({ issuer }) =>
      `Merge is forbidden on pending object created with issuer : ${issuer} while it is in progess.`,
  },
  mergeCompleted: {
    status: 403,
    code: 'Forbidden',
    message: () => 'Merge is forbidden on a pending object that is completed; create another version first.',
  },
  certificateNameTaken: {
    status: 409,
    code: 'Conflict',
    message: ({ collection, name }) =>
      `A ${collection === 'keys' ? 'key' : 'secret'} named ${name} exists or is soft-deleted, and a certificate needs its ` +
      'name for a key and a secret of its own. Use another name, or delete and purge the other object first.',
  },
  secretManaged: {
    status: 403,
    code: 'Forbidden',
    innererror: 'SecretManagedByKeyVault',
    message: ({ operation }) => managedMessage(operation, 'secret'),
  },
  contactsNotFound: { status: 404, code: 'ContactsNotFound', message: () => 'Contacts not found' },
  issuerNotFound: {
    status: 404,
    code: 'CertificateIssuerNotFound',
    message: ({ name }) => (name === undefined ? 'Issuer not found' : `Issuer ${name} not found`),
  },
} satisfies Partial<Errors>;
