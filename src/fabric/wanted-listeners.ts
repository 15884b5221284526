import { formatIpv4 } from '../address/address.ts';
import { services } from './addresses.ts';
import { metadataPort, vaultPort } from './allocation.ts';
import type { Namespaces } from './namespaces.ts';
import type { Plan, SubnetPlan } from './plan.ts';
import type { WantedListener, WantedListeners } from './server-listeners.ts';

const publicPort = 443;

/** The listeners that a plan needs, in the namespaces as they exist now. */
export function wantedListeners({ routers }: Plan, namespaces: Namespaces): readonly WantedListeners[] {
  const existing = namespaces.existing();
  const internet = namespaces.names.internet;
  const publicOnes = Object.entries(services).map(([serves, address]) => ({
    kind: 'public' as const,
    address: formatIpv4(address),
    port: publicPort,
    serves,
  }));
  return [
    { namespace: internet, life: existing.get(internet) ?? 0, listeners: publicOnes },
    ...routers.map(({ number, subnets }) => {
      const namespace = namespaces.names.router(number);
      return { namespace, life: existing.get(namespace) ?? 0, listeners: subnets.flatMap(listenersOf) };
    }),
  ];
}

function listenersOf({ id, incarnation, group, endpoint }: SubnetPlan): readonly WantedListener[] {
  const subnet = { subnet: id, incarnation };
  const metadata = { kind: 'metadata', port: metadataPort(group), ...subnet } as const;
  const vaults = { kind: 'subnet', port: vaultPort(group), ...subnet, serves: 'vaults' } as const;
  return endpoint ? [metadata, vaults] : [metadata];
}
