import { guidForm } from '../../shape/shape.ts';
import { isResourceGroupName } from '../keys.ts';
import type { Place } from '../keys.ts';

const subnetId = new RegExp(
  [
    `^/subscriptions/(${guidForm})`,
    '/resourceGroups/([^/]+)',
    '/providers/Microsoft\\.Network',
    '/virtualNetworks/([\\w.-]+)',
    '/subnets/([\\w.-]+)$',
  ].join(''),
  'i',
);

/** Where a subnet's ARM id says that it stands. */
export interface SubnetId extends Place {
  readonly virtualNetwork: string;
  readonly subnet: string;
}

/** Takes an ARM id of a subnet apart, in any case; `undefined` for anything else. */
export function parseSubnetId(id: string): SubnetId | undefined {
  const parts = subnetId.exec(id);
  if (parts === null) return undefined;
  const [, subscriptionId = '', resourceGroup = '', virtualNetwork = '', subnet = ''] = parts;
  if (!isResourceGroupName(resourceGroup)) return undefined;
  return { subscriptionId, resourceGroup, virtualNetwork, subnet };
}
