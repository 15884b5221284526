import { whyNotGiven } from '../resources/networks/given-address.ts';
import { readSubnetById } from '../resources/networks/virtual-networks.ts';
import type { DeclaredBinding, FromWorker } from '../types/supervision.ts';
import type { ListenerServices } from './listeners.ts';

/**
 * Puts the credential of a declared place in force, if the subnet exists and gives the address. Returns the answer to the
 * supervisor. When the subnet ends, the credential gives nothing.
 */
export async function bindDeclared(
  binding: DeclaredBinding,
  { server, store }: Pick<ListenerServices, 'server' | 'store'>,
): Promise<Extract<FromWorker, { readonly kind: 'bound' | 'refused' }>> {
  const { id, subnet, incarnation, address } = binding;
  const refused = (message: string) => ({ kind: 'refused', id, message }) as const;
  const gone = `There is no subnet ${subnet} with the resourceGuid ${incarnation}: read the networks again.`;
  const found = (await readSubnetById(subnet, store))?.subnet;
  if (found?.incarnation !== incarnation) return refused(gone);
  const why = whyNotGiven(found.addressPrefix, address);
  if (why !== undefined) return refused(why);
  await server.rulebook.loadSubnet(incarnation);
  // It may have ended meanwhile: only what is bound before its end ends with it.
  if (server.rulebook.subnet(incarnation) === undefined) return refused(gone);
  server.ingress.declared.bind(binding);
  return { kind: 'bound', id };
}
