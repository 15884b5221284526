import { azureHosts } from '../../../src/types/service.ts';
import type { Service } from '../../../src/types/service.ts';

export const vault = 'kv-of-an-app';
export const resourceGroup = 'rg';

/** Documentation addresses (RFC 5737): nothing but the namespace has them. */
export const addresses: ReadonlyMap<Service, string> = new Map([
  ['vaults', '192.0.2.10'],
  ['authority', '192.0.2.20'],
  ['resourceManager', '192.0.2.30'],
  ['graph', '192.0.2.40'],
]);

/** The contents of a hosts file. */
export function hostsFile(): string {
  const { vaultSuffix, ...hosts } = azureHosts;
  const names: Readonly<Record<Service, readonly string[]>> = { vaults: [`${vault}${vaultSuffix}`], ...hosts };
  const lines = [...addresses].map(([service, address]) => `${address} ${names[service].join(' ')}\n`);
  return `127.0.0.1 localhost\n::1 localhost\n${lines.join('')}`;
}
