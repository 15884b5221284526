/**
 * How the programs of this folder, each a process of its own, reach the server: their settings come in POSTERN_TEST as
 * JSON, the authority's certificate in NODE_EXTRA_CA_CERTS. The resource group `rg` is there already.
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
