/**
 * The names of namespaces and interfaces: numbers and the instance's six hexadecimal digits, and nothing that a user
 * chose. An interface has at most 15 characters.
 */
export interface NamespaceNames {
  readonly internet: string;
  readonly router: (network: number) => string;
  readonly workload: (workload: number) => string;
}

export function namespaceNames(instance: string): NamespaceNames {
  return {
    internet: `pt-${instance}-internet`,
    router: (network) => `pt-${instance}-v${network}`,
    workload: (workload) => `pt-${instance}-w${workload}`,
  };
}

/** No account has these, nor what is offered to containers: 2,000,000,000 to 2,134,217,727. */
const users = { first: 2_000_000_000, count: 2 ** 27 };

/**
 * The uid of a workload of root: each has another one than all before it, so that nothing which one of them leaves is a
 * later one's. Two fabrics of a machine begin at places of their own.
 */
export function workloadUid(instance: string, number: number): number {
  const begin = Number.parseInt(instance, 16) * (users.count / 2 ** 24);
  return users.first + ((begin + number) % users.count);
}

/** The interface of a router that leads to the internet. */
export const outsideWire = 'outside';

/** In the internet namespace, the interface that leads to the router of a network. */
export function networkWire(network: number): string {
  return `v${network}`;
}

/** In a router, or in the internet namespace, the interface that leads to a workload. */
export function workloadWire(workload: number): string {
  return `w${workload}`;
}

/** In a router, the interface that leads to the router of a peer. */
export function peerWire(network: number): string {
  return `p${network}`;
}
