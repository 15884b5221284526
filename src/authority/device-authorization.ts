import { findClient } from '../directory/clients.ts';
import { deviceCodeSeconds, pollSeconds } from './device-codes.ts';
import { parseForm } from './form.ts';
import { readDelegatedScope, scopeText } from './scope.ts';
import { tenantOfToken } from './tenant.ts';
import type { TokenAnswer, TokenCall } from './token.ts';
import type { Authority } from './world.ts';

/** Where a user types the code, for short. */
export const devicePath = '/devicelogin';

/** `POST /{tenant}/oauth2/devicecode` and `/{tenant}/oauth2/v2.0/devicecode` (RFC 8628 section 3.1). */
export async function answerDeviceRequest(call: TokenCall, authority: Authority): Promise<TokenAnswer> {
  const { endpoint, origin } = call;
  const named = tenantOfToken(call.tenant, authority.tenants);
  if (!named.ok) return named;
  const parsed = parseForm(call.body);
  if (!parsed.ok) return parsed;
  const { form } = parsed;
  const tenant = named.tenant ?? authority.homeTenant;
  const clientId = form.get('client_id');
  if (clientId === undefined) return { ok: false, refusal: { kind: 'parameterMissing', name: 'client_id' } };
  const client = await findClient(authority.store, tenant, clientId);
  if (client === undefined) return { ok: false, refusal: { kind: 'clientUnknown', clientId, tenant } };
  const asked = readDelegatedScope({ endpoint, form, tenant, directory: origin }, authority);
  if (!asked.ok) return asked;
  const request = { clientId: client.clientId, tenant, scope: scopeText(asked.scope), site: call.site };
  const codes = authority.deviceCodes.begin(request);
  if (codes === undefined) return { ok: false, refusal: { kind: 'tooManyLogins' } };
  const { deviceCode, userCode } = codes;
  const uri = `${origin}${devicePath}`;
  const body = {
    user_code: userCode,
    device_code: deviceCode,
    message: `To sign in, use a web browser to open the page ${uri} and enter the code ${userCode} to authenticate.`,
    ...(endpoint === 'v1'
      ? { verification_url: uri, expires_in: `${deviceCodeSeconds}`, interval: `${pollSeconds}` }
      : { verification_uri: uri, expires_in: deviceCodeSeconds, interval: pollSeconds }),
  };
  return { ok: true, answer: { status: 200, body } };
}
