import { assertionType, readAssertion, verifyAssertion } from './client-assertion.ts';
import type { ClientAssertion } from './client-assertion.ts';
import { findClient } from './clients.ts';
import type { Client } from './clients.ts';
import type { Form } from './form.ts';
import { issuerOf } from './issuer.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './world.ts';

export interface LoginRequest {
  readonly form: Form;
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** The tenant that is served: a GUID in lower case. */
  readonly tenant: string;
  /** What the token is for: an assertion may be used once for each. */
  readonly resource: string;
}

/** `appidacr`: how the client proved who it is. */
export type AuthenticationMethod = '1' | '2';

export type Authentication =
  { readonly ok: true; readonly client: Client; readonly method: AuthenticationMethod } | Refused;

type Refused = { readonly ok: false; readonly refusal: AuthorityRefusal };

type Credential =
  | { readonly ok: true; readonly by: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly ok: true; readonly by: 'assertion'; readonly clientId: string; readonly assertion: ClientAssertion };

/** Who asks for a token: a client of the tenant that shows its secret (RFC 6749 section 2.3.1) or signs with its certificate (RFC 7523). */
export async function authenticateClient(request: LoginRequest, authority: Authority): Promise<Authentication> {
  const credential = readCredential(request);
  if (!credential.ok) return credential;
  const client = await findClient(authority.store, credential.clientId);
  if (client === undefined || client.tenantId !== request.tenant) {
    return refuse({ kind: 'clientUnknown', clientId: credential.clientId, tenant: request.tenant });
  }
  if (credential.by === 'assertion') return byAssertion(credential.assertion, client, { request, authority });
  return bySecret(credential.secret, client, authority);
}

async function bySecret(secret: string, client: Client, { secretCheck }: Authority): Promise<Authentication> {
  const hashes = client.secrets.map(({ hash }) => hash);
  const verdict = await secretCheck.check(secret, hashes);
  if (verdict === 'busy') return refuse({ kind: 'tooManyLogins' });
  if (verdict === 'wrong') return refuse({ kind: 'secretWrong', clientId: client.clientId });
  return { ok: true, client, method: '1' };
}

async function byAssertion(
  assertion: ClientAssertion,
  client: Client,
  { request, authority }: { request: LoginRequest; authority: Authority },
): Promise<Authentication> {
  const audiences = assertionAudiences(request.tenant, authority.authorities());
  const verdict = await verifyAssertion(assertion, client, { audiences, now: authority.now() });
  if (!verdict.ok) return verdict;
  const { jti } = assertion;
  const { clientId } = client;
  const { resource } = request;
  const use = authority.assertionUses.use({ clientId, jti, resource, forgetAt: verdict.forgetAt });
  if (use === 'tooMany') return refuse({ kind: 'tooManyLogins' });
  if (use === 'replayed') return refuse({ kind: 'assertionReplayed' });
  return { ok: true, client, method: '2' };
}

/** The token endpoints of the tenant under every name set of ours, and its issuer in both versions. */
function assertionAudiences(tenant: string, authorities: readonly string[]): readonly string[] {
  const endpoints = authorities.flatMap((origin) => [
    `${origin}/${tenant}/oauth2/v2.0/token`,
    `${origin}/${tenant}/oauth2/token`,
    `${origin}/${tenant}/v2.0`,
  ]);
  return [...endpoints, issuerOf(tenant)].map((audience) => audience.toLowerCase());
}

/** Exactly one way to authenticate (RFC 6749 section 2.3). */
function readCredential({ form, authorization }: LoginRequest): Credential | Refused {
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
