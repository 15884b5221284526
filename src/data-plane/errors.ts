import { storeErrors } from '../edge/store-errors.ts';
import { admissionErrors } from './errors/admission.ts';
import { certificateErrors, keyErrors, objectErrors } from './errors/objects.ts';
import type { ErrorFacts, Errors, Kind, OfKind, WireError } from './errors/wire.ts';

/** The data plane's errors in Azure's envelope: status, code, inner code and wording (rest-error-codes, common-error-codes). */
export const errors = {
  ...admissionErrors,
  ...objectErrors,
  ...keyErrors,
  ...certificateErrors,
  tooManyConflicts: {
    status: 409,
    code: 'Conflict',
    message: () => 'Too many concurrent changes to the object or its vault. Try again.',
  },
  recordUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: () => 'The audit record of this request cannot be written, so nothing was disclosed and nothing changed.',
  },
  ...storeErrors('object'),
  unreadable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: () => "A record of this vault cannot be read, so the request is refused. The server's log has the detail.",
  },
  internal: { status: 500, code: 'InternalError', message: () => 'An unexpected error occurred.' },
} satisfies Errors;

const table: Errors = errors;

/** Renders a refusal in Azure's envelope. */
export function renderError<K extends Kind>(refusal: OfKind<K> & { readonly kind: K }, context: ErrorFacts) {
  const error: WireError<OfKind<K>> = table[refusal.kind];
  const of = (text: string | ((refusal: OfKind<K>) => string | undefined) | undefined) =>
    typeof text === 'function' ? text(refusal) : text;
  const innererror = of(error.innererror);
  const message = error.message(refusal, context);
  return {
    status: error.status,
    message,
    body: {
      error: { code: of(error.code), message, ...(innererror !== undefined && { innererror: { code: innererror } }) },
    },
  };
}
