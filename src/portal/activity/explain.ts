import type { ActivityEntry } from '../../types/activity.ts';
import { servicesTenant } from '../../types/caller.ts';
import type { DescribedDifference } from '../../insight/describe.ts';
import { counted } from '../ui/words.ts';
import { subnetName } from './entry.ts';

/** The body of `POST {vault}/explain` for a refused request; `undefined` where its source is not known. */
export function explainRequest({
  source,
  caller,
  requiredPermission: permission,
}: Pick<ActivityEntry, 'source' | 'caller' | 'requiredPermission'>): object | undefined {
  if (source === undefined || source.kind === 'unknown') return undefined;
  const asked = {
    from: source.address,
    ...(source.kind === 'subnet' && { subnet: source.subnet }),
    ...(permission !== undefined && { permission }),
  };
  if (caller === undefined || caller.issuerClass === 'external') return asked;
  const { applicationId, managedIdentity, usedBy, issuerClass } = caller;
  const tenantId = issuerClass === 'services' ? servicesTenant : undefined;
  const told = Object.entries({ tenantId, applicationId, managedIdentity, usedBy });
  return { ...asked, caller: Object.fromEntries(told.filter(([, value]) => value !== undefined)) };
}

/** The answer of `POST {vault}/explain`, as far as it is shown. */
export interface Explained {
  readonly verdict: { readonly allowed: boolean };
  readonly explanation: string;
  readonly fixes: readonly Fix[];
  readonly unnamable?: string;
}

interface Fix {
  /** Of the Azure CLI. */
  readonly commands: readonly string[];
  readonly gains: DescribedDifference;
}

/** The gains of a change in words: `1 address`, `the subnet demo-blue/workloads`. */
export function gainsInWords({ ipv4, ipv6, subnets, services, ...other }: DescribedDifference): string {
  const addresses = ipv4.reduce((sum, range) => sum + range.addresses, 0);
  const parts = [
    ...(other.everyAddressExcept === undefined ? [] : ['nearly every address']),
    ...(addresses === 0 ? [] : [counted(addresses, 'address', 'addresses')]),
    ...(ipv6 ? ['IPv6'] : []),
    ...(other.everySubnetExcept === undefined ? [] : ['nearly every subnet']),
    ...subnets.map(({ subnet }) => `the subnet ${subnet.includes('/') ? subnetName(subnet) : subnet}`),
    ...(services.length === 0 ? [] : [counted(services.length, 'trusted service')]),
  ];
  return parts.length === 0 ? 'nobody else' : parts.join(', ');
}
