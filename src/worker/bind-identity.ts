import { headerBinding, identitiesBoundTo } from '../directory/bindings.ts';
import { whyNotGiven } from '../resources/networks/given-address.ts';
import { readSubnetById } from '../resources/networks/virtual-networks.ts';
import type { FromWorker, IdentityBinding } from '../types/supervision.ts';
import type { ListenerServices } from './listeners.ts';

/**
 * Puts the identity of a workload in force at its place, if both exist. Returns the answer to the supervisor. Later the
 * identity may end: then the binding gives nothing.
 */
export async function bindIdentity(
  binding: IdentityBinding,
  { server, store }: Pick<ListenerServices, 'server' | 'store'>,
): Promise<Extract<FromWorker, { readonly kind: 'bound' | 'refused' }>> {
  const { id, incarnation, address, identityHeader } = binding;
  const refused = (message: string) => ({ kind: 'refused', id, message }) as const;
  const gone = `No subnet has the resourceGuid ${incarnation}: read the networks again.`;
  await server.rulebook.loadSubnet(incarnation);
  const known = server.rulebook.subnet(incarnation);
  const found = known === undefined ? undefined : (await readSubnetById(known.id, store))?.subnet;
  if (found?.incarnation !== incarnation) return refused(gone);
  const why = whyNotGiven(found.addressPrefix, address);
  if (why !== undefined) return refused(why);
  if ((await identitiesBoundTo(store, headerBinding(identityHeader))).length === 0)
    return refused(
      'The identity header belongs to no managed identity: take one from identities in the line that the server prints when it is ready.',
    );
  // It may have ended meanwhile: only what is bound before its end ends with it.
  if (server.rulebook.subnet(incarnation) === undefined) return refused(gone);
  server.identityBindings.bind(binding);
  return { kind: 'bound', id };
}
