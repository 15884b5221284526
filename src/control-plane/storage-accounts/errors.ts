import type { Errors } from '../refusal.ts';

/** Errors of storage accounts. */
export const storageErrors = {
  storageAccountNameNotValid: {
    status: 400,
    code: 'AccountNameInvalid',
    message: ({ name }) => accountNameInvalid(name),
  },
  storageAccountAlreadyTaken: {
    status: 409,
    code: 'StorageAccountAlreadyTaken',
    message: ({ name }) => accountNameTaken(name),
  },
} satisfies Partial<Errors>;

/** Azure's message for an invalid name, in the error and in `checkNameAvailability`. */
export function accountNameInvalid(name: string): string {
  return `${name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`;
}

/** Azure's message for a name that is taken. */
export function accountNameTaken(name: string): string {
  return `The storage account named ${name} is already taken.`;
}
