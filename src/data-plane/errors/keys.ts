import type { Errors } from './wire.ts';

/** What the rules of keys refuse. */
export const keyErrors = {
  keyOperationForbidden: {
    status: 403,
    code: 'Forbidden',
    innererror: 'KeyOperationForbidden',
    message: ({ operation }) => `Operation ${operation} is not permitted on this key.`,
  },
  algorithmNotSupported: {
    status: 400,
    code: 'BadParameter',
    message: ({ algorithm, allowed }) =>
      `The algorithm '${algorithm.slice(0, 64)}' is not supported for this key; allowed: ${allowed.join(', ') || 'none'}.`,
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
    message: () => 'The value cannot be decrypted with this key and algorithm.',
  },
  keyNotValid: { status: 400, code: 'BadParameter', message: ({ message }) => message },
} satisfies Partial<Errors>;
