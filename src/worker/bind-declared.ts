import { isWithin } from '../ingress/declared-places.ts';
import { readSubnetById } from '../resources/networks/virtual-networks.ts';
import type { DeclaredBinding, FromWorker } from '../types/supervision.ts';
import type { ListenerServices } from './listeners.ts';

/**
 * Puts the credential of a declared place in force, if the subnet exists and has the address. Returns the answer to the
 * supervisor. When the subnet ends, the credential gives nothing.
 */
export async function bindDeclared(
  binding: DeclaredBinding,
  { server, store }: Pick<ListenerServices, 'server' | 'store'>,
): Promise<Extract<FromWorker, { readonly kind: 'bound' | 'refused' }>> {
  const { id, subnet, incarnation, address } = binding;
  const refused = (message: string) => ({ kind: 'refused', id, message }) as const;
  const found = (await readSubnetById(subnet, store))?.subnet;
  if (found?.incarnation !== incarnation)
    return refused(`There is no subnet ${subnet} with the resourceGuid ${incarnation}: read the networks again.`);
  if (!isWithin(found.addressPrefix, address))
    return refused(`The address ${address} is not one of ${found.addressPrefix}, which the subnet has.`);
  await server.rulebook.loadSubnet(incarnation);
  server.ingress.declared.bind(binding);
  return { kind: 'bound', id };
}
