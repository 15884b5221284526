import { assertionType, readAssertion } from './client-assertion.ts';
import type { ClientAssertion } from './client-assertion.ts';
import { isFederated } from './federated-assertion.ts';
import type { Form } from './form.ts';
import type { AuthorityRefusal } from './refusal.ts';

type Refused = { readonly ok: false; readonly refusal: AuthorityRefusal };

/** What a client shows of itself, not verified yet. */
export type Credential =
  | { readonly ok: true; readonly by: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly ok: true; readonly by: 'assertion'; readonly clientId: string; readonly assertion: ClientAssertion }
  | { readonly ok: true; readonly by: 'federated'; readonly clientId: string; readonly text: string };

export interface CredentialRequest {
  readonly form: Form;
  /** The Authorization header. */
  readonly authorization: string | undefined;
}

/** Exactly one way to authenticate (RFC 6749 section 2.3). */
export function readCredential({ form, authorization }: CredentialRequest): Credential | Refused {
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const shown = [secret, assertion, authorization].filter((credential) => credential !== undefined);
  if (shown.length > 1) return refuse({ kind: 'credentialsSeveral' });
  if (authorization !== undefined) return readBasic(authorization, form.get('client_id'));
  if (assertion !== undefined) return readAssertionCredential(assertion, form);
  const clientId = form.get('client_id');
  if (clientId === undefined) return refuse({ kind: 'parameterMissing', name: 'client_id' });
  if (secret === undefined) return refuse({ kind: 'credentialMissing' });
  return { ok: true, by: 'secret', clientId, secret };
}

function readAssertionCredential(text: string, form: Form): Credential | Refused {
  const type = form.get('client_assertion_type');
  if (type === undefined) return refuse({ kind: 'parameterMissing', name: 'client_assertion_type' });
  if (type !== assertionType) return refuse({ kind: 'assertionTypeUnsupported', type });
  // An issuer's token is not about its issuer; the client that it stands for must be named beside it.
  const federatedFor = form.get('client_id');
  if (federatedFor !== undefined && isFederated(text)) {
    return { ok: true, by: 'federated', clientId: federatedFor, text };
  }
  const assertion = readAssertion(text);
  if (assertion === undefined) return refuse({ kind: 'assertionMalformed' });
  // RFC 7521 section 4.2: `client_id` may be left out, and otherwise names the same client.
  const clientId = form.get('client_id') ?? assertion.clientId;
  if (clientId.toLowerCase() !== assertion.clientId.toLowerCase()) return refuse({ kind: 'assertionOfOtherClient' });
  return { ok: true, by: 'assertion', clientId, assertion };
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined by the colon. */
function readBasic(authorization: string, clientIdOfForm: string | undefined): Credential | Refused {
  const [scheme, encoded = ''] = authorization.split(' ');
  const halves = Buffer.from(encoded, 'base64').toString().split(':').map(formDecode);
  const [clientId, secret] = halves;
  if (scheme?.toLowerCase() !== 'basic' || halves.length !== 2 || !clientId || !secret) {
    return refuse({ kind: 'credentialMissing' });
  }
  if (clientIdOfForm !== undefined && clientIdOfForm.toLowerCase() !== clientId.toLowerCase()) {
    return refuse({ kind: 'credentialsSeveral' });
  }
  return { ok: true, by: 'secret', clientId, secret };
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function refuse(refusal: AuthorityRefusal): Refused {
  return { ok: false, refusal };
}
