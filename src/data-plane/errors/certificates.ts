import type { Errors } from './wire.ts';

/** What the rules of certificates refuse. */
export const certificateErrors = {
  pendingCertificateNotFound: {
    status: 404,
    code: 'PendingCertificateNotFound',
    message: ({ name }) => `Pending certificate not found: ${name}`,
  },
} satisfies Partial<Errors>;
