import { collectionNouns as nouns } from '../../types/collection.ts';
import { lines, managedMessage, vaultLine } from './wire.ts';
import type { Errors, OfKind } from './wire.ts';

type BeingChanged = OfKind<'objectBeingDeleted' | 'objectBeingRecovered'>;

const recoveryHelp =
  'If you recently deleted this %s you may be able to recover it using the correct recovery command. ' +
  'For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182';

/** The errors of the rules that every collection has. */
export const objectErrors = {
  objectNotFound: {
    status: 404,
    code: ({ collection }) => `${nouns[collection]}NotFound`,
    message: ({ collection, name }) => {
      const noun = nouns[collection].toLowerCase();
      return `A ${noun} with (name/id) ${name} was not found in this key vault. ${recoveryHelp.replace('%s', noun)}`;
    },
  },
  deletedObjectNotFound: {
    status: 404,
    code: ({ collection }) => `${nouns[collection]}NotFound`,
    message: ({ collection, name }) => `Deleted ${nouns[collection]} not found: ${name}`,
  },
  objectDeletedButRecoverable: {
    status: 409,
    code: 'Conflict',
    innererror: 'ObjectIsDeletedButRecoverable',
    message: ({ collection, name }) =>
      `${nouns[collection]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; ` +
      `in this state, the ${nouns[collection].toLowerCase()} can only be recovered or purged.`,
  },
  objectBeingDeleted: {
    status: 409,
    code: 'Conflict',
    innererror: 'ObjectIsBeingDeleted',
    message: (refusal) => beingChanged(refusal, 'deleted'),
  },
  objectBeingRecovered: {
    status: 409,
    code: 'Conflict',
    innererror: 'ObjectIsBeingRecovered',
    message: (refusal) => beingChanged(refusal, 'recovered'),
  },
  objectDisabled: {
    status: 403,
    code: 'Forbidden',
    innererror: ({ collection }) => `${nouns[collection]}Disabled`,
    message: ({ collection }) => `Operation get is not allowed on a disabled ${nouns[collection].toLowerCase()}.`,
  },
  purgeProtected: {
    status: 403,
    code: 'Forbidden',
    message: (_, context) =>
      lines(
        'Operation "purge" is not allowed because purge protection is enabled for this vault. ' +
          'Key Vault service will automatically purge it after the retention period has passed.',
        `Vault: ${vaultLine(context)}`,
      ),
  },
  backupNotValid: {
    status: 400,
    code: 'BadParameter',
    message: () => 'Backup blob contains invalid or corrupt version.',
  },
  // The message is recorded (azure-cli#8767), but its status is not.
  backupNotOpened: { status: 400, code: 'BadParameter', message: () => 'Cannot decrypt backup blob.' },
  restoreConflict: {
    status: 409,
    code: 'Conflict',
    message: ({ collection, id }, { origin }) => {
      const noun = nouns[collection].toLowerCase();
      return (
        `There was a conflict restoring the ${noun} '${origin}/${collection}/${id}'. This can happen if either: a second ` +
        `${noun} with the same name was created after the first ${noun} was deleted; thus trying to restore a ${noun} ` +
        `whose name is already in use. To fix this, rename the second ${noun} to something else so that the restore ` +
        `works. The second probable cause of this exception is when multiple operations are performed in parallel ` +
        `against the ${noun}. To avoid this error, perform operations against a ${noun} in a sequential manner.`
      );
    },
  },
  badParameter: { status: 400, code: 'BadParameter', message: ({ message }) => message },
} satisfies Partial<Errors>;

/** Azure has one message for a change of the object, and another for the creation of an object with its name. */
function beingChanged({ collection, creating }: BeingChanged, how: 'deleted' | 'recovered'): string {
  const noun = nouns[collection];
  if (creating === undefined) return `${noun} is currently being ${how}.`;
  return `${noun} ${creating} is currently being ${how} and cannot be re-created; retry later.`;
}

/** The errors of the rules of keys. */
export const keyErrors = {
  keyTypeNotSupported: {
    status: 400,
    code: 'BadParameter',
    innererror: 'KeyTypeNotSupported',
    message: ({ kty }) => `Invalid kty value: ${kty.slice(0, 64)}`,
  },
  keyOperationForbidden: {
    status: 403,
    code: 'Forbidden',
    innererror: 'KeyOperationForbidden',
    message: ({ operation }) => `Operation ${operation} is not permitted on this key.`,
  },
  keyDisabled: {
    status: 403,
    code: 'Forbidden',
    innererror: 'KeyDisabled',
    message: ({ operation }) => `Operation ${operation} is not allowed on a disabled key.`,
  },
  // Azure documents only the status of the next two. Their codes and messages are ours.
  keyNotYetValid: {
    status: 403,
    code: 'Forbidden',
    innererror: 'KeyNotYetValid',
    message: ({ operation, notBefore }) =>
      `Operation ${operation} is not allowed on a key before its attributes.nbf, ${timeOf(notBefore)}.`,
  },
  keyExpired: {
    status: 403,
    code: 'Forbidden',
    innererror: 'KeyExpired',
    message: ({ operation, expires }) =>
      `Operation ${operation} is not allowed on a key after its attributes.exp, ${timeOf(expires)}.`,
  },
  keyManaged: {
    status: 403,
    code: 'Forbidden',
    innererror: 'KeyManagedByKeyVault',
    message: ({ operation }) => managedMessage(operation, 'Key'),
  },
  attestationMissing: {
    status: 501,
    code: 'NotImplemented',
    message: ({ operation }) =>
      `Operation ${operation} is not supported: no attestation is configured here, neither of keys nor of the callers that request them.`,
  },
  algorithmNotSupported: {
    status: 400,
    code: 'BadParameter',
    message: ({ algorithm, allowed }) =>
      `The algorithm '${algorithm.slice(0, 64)}' is not supported for this key; allowed: ${allowed.join(', ') || 'none'}.`,
  },
  curveNotSupported: {
    status: 400,
    code: 'BadParameter',
    message: ({ kid, algorithm, curve, requires }) =>
      `Key and signing algorithm are incompatible. Key ${kid} uses curve '${curve}', and algorithm '${algorithm}' can only ` +
      `be used with curve '${requires}'.`,
  },
  wrongLength: {
    status: 400,
    code: 'BadParameter',
    message: ({ what, found, expected }) => `Invalid length of '${what}': ${found} bytes. ${expected}.`,
  },
  missing: { status: 400, code: 'BadParameter', message: ({ what }) => `The member ${what} is missing.` },
  notDecrypted: {
    status: 400,
    code: 'BadParameter',
    message: () => 'The parameter is incorrect.\r\n',
  },
  keyNotValid: { status: 400, code: 'BadParameter', message: ({ message }) => message },
} satisfies Partial<Errors>;

/** The time as ISO 8601, from seconds since 1970; a number that is too large for a date is returned as it is. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** The errors of the rules of certificates ("Monitor and manage certificate creation" has most of the messages). */
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
