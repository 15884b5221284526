import { collectionNouns as nouns } from '../../types/collection.ts';
import { lines, vaultLine } from './wire.ts';
import type { Errors, OfKind } from './wire.ts';

type BeingChanged = OfKind<'objectBeingDeleted' | 'objectBeingRecovered'>;

const recoveryHelp =
  'If you recently deleted this %s you may be able to recover it using the correct recovery command. ' +
  'For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182';

/** What the rules of every collection refuse. */
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
  // The words are recorded (azure-cli#8767); the status beside them is not.
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

/** Azure has a sentence for who changes the object, and another one for who would make one of its name. */
function beingChanged({ collection, creating }: BeingChanged, how: 'deleted' | 'recovered'): string {
  const noun = nouns[collection];
  if (creating === undefined) return `${noun} is currently being ${how}.`;
  return `${noun} ${creating} is currently being ${how} and cannot be re-created; retry later.`;
}
