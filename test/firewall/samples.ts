import { parseAddress } from '../../src/address/address.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { FirewallSettings, NetworkAcls } from '../../src/types/firewall.ts';
import type { Operation, Permission } from '../../src/types/operation.ts';
import type { PublicSource, SubnetSource, UnknownSource } from '../../src/types/source.ts';

export const secretGet: Operation = { name: 'SecretGet', permission: 'secrets/get' };

export function operationOf(permission: Permission): Operation {
  return { name: permission, permission };
}

export const unknownSource: UnknownSource = { kind: 'unknown', reason: 'the gateway named no subnet' };

export function fromAddress(text: string): PublicSource {
  const address = parseAddress(text);
  if (address === undefined) throw new TypeError(`${text} is not an address`);
  return { kind: 'public', address };
}

export function subnetId(name: string): string {
  return `/subscriptions/0c9ab5e4-0f5e-4f0c-9c5c-2f4d6f1b7a10/resourcegroups/net/providers/microsoft.network/virtualnetworks/v/subnets/${name}`;
}

/** From the subnet with this incarnation; all of them have the same private address. */
export function fromSubnet(incarnation: string, assurance: SubnetSource['assurance'] = 'enforced'): SubnetSource {
  const { address } = fromAddress('10.0.0.4');
  return { kind: 'subnet', subnet: subnetId('apps'), incarnation, address, assurance };
}

/** A vault that denies by default, with these members changed. */
export function settingsWith(
  networkAcls: Partial<NetworkAcls>,
  publicNetworkAccess: string = 'Enabled',
): FirewallSettings & { readonly networkAcls: NetworkAcls } {
  const strict = { bypass: 'None', defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] } as const;
  return { publicNetworkAccess, networkAcls: { ...strict, ...networkAcls } };
}

export function ipRules(...values: readonly string[]): NetworkAcls['ipRules'] {
  return values.map((value) => ({ value }));
}

export function bindings(...incarnations: readonly string[]): NetworkAcls['virtualNetworkRules'] {
  return incarnations.map((incarnation) => ({ id: subnetId(`of-${incarnation}`), incarnation }));
}

/** An ordinary service principal of our own authority, with these claims changed. */
export function callerWith(claims: Partial<Caller>): Caller {
  return {
    issuer: 'https://localhost/11111111-2222-3333-4444-555555555555/',
    issuerClass: 'own',
    tenant: '11111111-2222-3333-4444-555555555555',
    objectId: 'aaaaaaaa-2222-3333-4444-555555555555',
    applicationId: 'bbbbbbbb-2222-3333-4444-555555555555',
    groups: [],
    managedIdentity: undefined,
    usedBy: undefined,
    audience: 'https://vault.localhost',
    notBefore: 0,
    expiresAt: 3600,
    claims: {},
    ...claims,
  };
}

/** A managed identity of a resource of this type, such as `Microsoft.Storage/storageAccounts`. */
export function managedIdentityOf(resourceType: string): Caller {
  const group = '/subscriptions/0c9ab5e4-0f5e-4f0c-9c5c-2f4d6f1b7a10/resourceGroups/apps';
  return callerWith({ managedIdentity: `${group}/providers/${resourceType}/one` });
}

/** A user-assigned identity that a resource of this type uses. */
export function identityUsedBy(resourceType: string): Caller {
  const identity = managedIdentityOf('Microsoft.ManagedIdentity/userAssignedIdentities');
  return { ...identity, usedBy: managedIdentityOf(resourceType).managedIdentity };
}

/** An application of the services' tenant. */
export function serviceApplication(applicationId: string): Caller {
  return callerWith({ issuerClass: 'services', tenant: servicesTenant, applicationId });
}
