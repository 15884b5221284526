import { assertionType, readAssertion } from './client-assertion.ts';
import type { ClientAssertion } from './client-assertion.ts';
import { isFederated } from './federated-assertion.ts';
import type { Form } from './form.ts';
import { refused } from './refusal.ts';

/** The credential in a client's request, not verified yet. */
export type Credential =
  | { readonly by: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly by: 'assertion'; readonly clientId: string; readonly assertion: ClientAssertion }
  | { readonly by: 'federated'; readonly clientId: string; readonly jwt: string };

export interface CredentialRequest {
  readonly form: Form;
  /** The Authorization header. */
  readonly authorization: string | undefined;
}

/**
 * Reads the credential. There must be exactly one (RFC 6749 section 2.3).
 * @throws {Refused}
 */
export function readCredential({ form, authorization }: CredentialRequest): Credential {
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const sent = [secret, assertion, authorization].filter((credential) => credential !== undefined);
  if (sent.length > 1) throw refused({ kind: 'credentialsSeveral' });
  if (authorization !== undefined) return readBasic(authorization, form.get('client_id'));
  if (assertion !== undefined) return readAssertionCredential(assertion, form);
  const clientId = form.get('client_id');
  if (clientId === undefined) throw refused({ kind: 'parameterMissing', name: 'client_id' });
  if (secret === undefined) throw refused({ kind: 'credentialMissing' });
  return { by: 'secret', clientId, secret };
}

function readAssertionCredential(jwt: string, form: Form): Credential {
  const type = form.get('client_assertion_type');
  if (type === undefined) throw refused({ kind: 'parameterMissing', name: 'client_assertion_type' });
  if (type !== assertionType) throw refused({ kind: 'assertionTypeUnsupported', type });
  // The subject of another issuer's token is not the client's id, so the request must name the client.
  const federatedFor = form.get('client_id');
  if (federatedFor !== undefined && isFederated(jwt)) {
    return { by: 'federated', clientId: federatedFor, jwt };
  }
  const assertion = readAssertion(jwt);
  if (assertion === undefined) throw refused({ kind: 'assertionMalformed' });
  // RFC 7521 section 4.2: `client_id` is optional, but must name the same client.
  const clientId = form.get('client_id') ?? assertion.clientId;
  if (clientId.toLowerCase() !== assertion.clientId.toLowerCase()) throw refused({ kind: 'assertionOfOtherClient' });
  return { by: 'assertion', clientId, assertion };
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined with a colon. */
function readBasic(authorization: string, clientIdOfForm: string | undefined): Credential {
  const [scheme, encoded = ''] = authorization.split(' ');
  const parts = Buffer.from(encoded, 'base64').toString().split(':').map(formDecode);
  const [clientId, secret] = parts;
  if (scheme?.toLowerCase() !== 'basic' || parts.length !== 2 || !clientId || !secret) {
    throw refused({ kind: 'credentialMissing' });
  }
  if (clientIdOfForm !== undefined && clientIdOfForm.toLowerCase() !== clientId.toLowerCase()) {
    throw refused({ kind: 'credentialsSeveral' });
  }
  return { by: 'secret', clientId, secret };
}

function formDecode(value: string): string | undefined {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
