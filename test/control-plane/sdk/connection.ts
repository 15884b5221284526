/**
 * Connects the programs of this folder, each a process of its own, to the server: POSTERN_TEST has their settings as
 * JSON, and NODE_EXTRA_CA_CERTS the authority's certificate. The resource group `rg` already exists.
 */
import { ClientSecretCredential } from '@azure/identity';

const settings: unknown = JSON.parse(process.env['POSTERN_TEST'] ?? '{}');

function setting(name: string): string {
  return String(Reflect.get(Object(settings), name));
}

export const home = setting('home');
export const tenantId = setting('tenantId');
export const objectId = setting('objectId');
export const subscriptionId = setting('subscriptionId');

export const credential = new ClientSecretCredential(tenantId, setting('clientId'), setting('clientSecret'), {
  authorityHost: home,
  disableInstanceDiscovery: true,
});
export const options = { endpoint: home, credentialScopes: [`${home}/.default`] };

export async function names(list: AsyncIterable<{ readonly name?: string }>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name = '' } of list) found.push(name);
  return found;
}
