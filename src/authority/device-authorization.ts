import { findClient } from '../directory/clients.ts';
import { deviceCodeSeconds, pollSeconds } from './device-codes.ts';
import type { Answered, AuthorityCall, Endpoint } from './endpoint.ts';
import { refused } from './refusal.ts';
import { readDelegatedScope, scopeString } from './scope.ts';
import type { Authority } from './services.ts';

/** The page where a user types the code. */
export const devicePath = '/devicelogin';

/** The endpoints where a device requests its codes (RFC 8628 section 3.1). */
export const deviceEndpoints: readonly Endpoint[] = [
  deviceEndpoint('/:tenant/oauth2/devicecode', 'v1'),
  deviceEndpoint('/:tenant/oauth2/v2.0/devicecode', 'v2'),
];

function deviceEndpoint(path: string, version: 'v1' | 'v2'): Endpoint {
  const answer: Endpoint['answer'] = (call, authority) => answerDeviceRequest(version, call, authority);
  return { method: 'POST', path, shows: 'json', reads: 'form', inTenant: true, answer };
}

async function answerDeviceRequest(
  endpoint: 'v1' | 'v2',
  call: AuthorityCall,
  authority: Authority,
): Promise<Answered> {
  const { form, origin, names, site, tenant = authority.homeTenant } = call;
  const clientId = form.get('client_id');
  if (clientId === undefined) throw refused({ kind: 'parameterMissing', name: 'client_id' });
  const client = await findClient(authority.store, tenant, clientId);
  if (client === undefined) throw refused({ kind: 'clientUnknown', clientId, tenant });
  const scope = readDelegatedScope({ endpoint, form, tenant, directory: names.graph }, authority);
  const request = { clientId: client.clientId, tenant, scope: scopeString(scope), site };
  const codes = await authority.deviceCodes.begin(request);
  if (codes === 'full') throw refused({ kind: 'tooManyLogins' });
  if (codes === 'siteFull') throw refused({ kind: 'tooManyDevices' });
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
  return { answer: { status: 200, body } };
}
