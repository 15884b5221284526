import type { Binding, FromWorker } from '../types/supervision.ts';
import type { ListenerServices } from './listeners.ts';

type Refused = Extract<FromWorker, { readonly kind: 'refused' }>;

/** Puts the bindings of an earlier worker in force; returns answers about those whose subnet has ended meanwhile. */
export async function bindAgain(
  bindings: readonly Binding[],
  server: ListenerServices['server'],
): Promise<readonly Refused[]> {
  const ended: Refused[] = [];
  for (const binding of bindings) {
    await server.rulebook.loadSubnet(binding.incarnation);
    if (server.rulebook.subnet(binding.incarnation) === undefined) ended.push(endedWithSubnet(binding.id));
    else if ('tokenDigest' in binding) server.ingress.declared.bind(binding);
    else server.identityBindings.bind(binding);
  }
  return ended;
}

/** Ends the bindings of a subnet that has ended; returns an answer about each. */
export function endBindings(incarnation: string, server: ListenerServices['server']): readonly Refused[] {
  const ids = [server.ingress.declared, server.identityBindings].flatMap((bound) => bound.endSubnet(incarnation));
  return ids.map(endedWithSubnet);
}

function endedWithSubnet(id: string): Refused {
  return {
    kind: 'refused',
    id,
    message: 'its subnet was deleted, or another one has its name. Read the networks again.',
  };
}
