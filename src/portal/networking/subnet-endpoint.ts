import type { Services } from '../request.ts';
import { hasEndpoint, networkApiVersion, withEndpoint } from './subnets.ts';
import type { Subnet } from './subnets.ts';

/** Gives a subnet the service endpoint for vaults, unless it has it. The id is the ARM id of the subnet. */
export async function switchEndpointOn({ arm }: Services, id: string): Promise<void> {
  const path = `${id}?${networkApiVersion}`;
  const { value, headers } = await arm<Subnet>(path);
  if (hasEndpoint(value)) return;
  const etag = headers.get('etag');
  await arm(path, {
    method: 'PUT',
    body: { properties: withEndpoint(value) },
    ...(etag !== null && { ifMatch: etag }),
  });
}
