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

/** The parts of a subnet's ARM id. */
export interface SubnetId extends Place {
  readonly virtualNetwork: string;
  readonly subnet: string;
}

/** Parses the ARM id of a subnet, ignoring case; `undefined` for anything else. */
export function parseSubnetId(id: string): SubnetId | undefined {
  const parts = subnetId.exec(id);
  if (parts === null) return undefined;
  const [, subscriptionId = '', resourceGroup = '', virtualNetwork = '', subnet = ''] = parts;
  if (!isResourceGroupName(resourceGroup)) return undefined;
  return { subscriptionId, resourceGroup, virtualNetwork, subnet };
}
