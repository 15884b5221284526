import { headerBinding, identitiesBoundTo } from '../directory/bindings.ts';
import type { FromWorker, IdentityBinding } from '../types/supervision.ts';
import type { ListenerServices } from './listeners.ts';

/**
 * Puts the identity of a workload in force at its place, if both exist. Returns the answer to the supervisor. Later the
 * subnet or the identity may end: then the binding gives nothing.
 */
export async function bindIdentity(
  binding: IdentityBinding,
  { server, store }: Pick<ListenerServices, 'server' | 'store'>,
): Promise<Extract<FromWorker, { readonly kind: 'bound' | 'refused' }>> {
  const { id, incarnation, identityHeader } = binding;
  await server.rulebook.loadSubnet(incarnation);
  const refused = (message: string) => ({ kind: 'refused', id, message }) as const;
  if (server.rulebook.subnet(incarnation) === undefined)
    return refused(`No subnet has the resourceGuid ${incarnation}: read the networks again.`);
  if ((await identitiesBoundTo(store, headerBinding(identityHeader))).length === 0)
    return refused(
      'The identity header belongs to no managed identity: take one from identities in the line that the server prints when it is ready.',
    );
  server.identityBindings.bind(binding);
  return { kind: 'bound', id };
}
