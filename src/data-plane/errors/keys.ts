import { managedMessage } from './wire.ts';
import type { Errors } from './wire.ts';

/** What the rules of keys refuse. */
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
  // Of the following two, the code and the words are not Azure's, of whom only the status is documented.
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
      `Operation ${operation} is not supported: no attestation is configured here, neither of keys nor of those who ask for them.`,
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

/** Seconds since 1970; beyond what a date can be, as they are. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
