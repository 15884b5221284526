import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servicesTenant } from '../../src/types/caller.ts';
import { whyNotInLab } from '../network/in-lab.ts';
import { notRun } from '../not-run.ts';
import type { Json } from '../world/client.ts';
import { FabricLab } from './fabric-lab.ts';

const location = 'westeurope';
const group = '/resourceGroups/rg';
const provider = `${group}/providers/Microsoft.Network`;

export const vault = 'locker';
export const secret = { name: 'greeting', value: 'hello from behind the boundary' } as const;

const resources = '/subscriptions/5c0b9a3e-5d0e-4b67-9f4e-0a3a52f3c101/resourceGroups/apps/providers';

/** The identities of the programs. All may read the secret, if the vault's firewall lets them. */
export const identities = {
  /** Ordinary: the managed identity of a virtual machine. */
  app: {
    clientId: '4e7b1f3a-0c42-4b7f-8f0a-6d2f3f6f0a01',
    objectId: '4e7b1f3a-0c42-4b7f-8f0a-6d2f3f6f0a02',
    managedIdentity: `${resources}/Microsoft.Compute/virtualMachines/app`,
    identityHeader: 'the-identity-header-of-the-app-in-this-lab',
    displayName: 'app',
  },
  /** A trusted service that may read secrets: Azure Data Factory, with the identity of a factory. */
  factory: {
    clientId: '4e7b1f3a-0c42-4b7f-8f0a-6d2f3f6f0b01',
    objectId: '4e7b1f3a-0c42-4b7f-8f0a-6d2f3f6f0b02',
    managedIdentity: `${resources}/Microsoft.DataFactory/factories/factory`,
    identityHeader: 'the-identity-header-of-the-factory-in-this-lab',
    displayName: 'factory',
  },
  /** Ordinary, with a secret: hosts on the internet have no managed identity. */
  client: {
    clientId: '4e7b1f3a-0c42-4b7f-8f0a-6d2f3f6f0c01',
    objectId: '4e7b1f3a-0c42-4b7f-8f0a-6d2f3f6f0c02',
    secret: 'a secret that only this lab uses',
  },
  /** A trusted service with a secret: Azure Resource Manager, as deployments of templates read secrets. */
  deployments: {
    clientId: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
    objectId: '4e7b1f3a-0c42-4b7f-8f0a-6d2f3f6f0d02',
    tenantId: servicesTenant,
    secret: 'another secret that only this lab uses',
  },
} as const;

/** The variables that `EnvironmentCredential` reads. */
export function variablesOf(lab: FabricLab, { clientId, secret: value, ...other }: Secretive): Record<string, string> {
  const tenantId = other.tenantId ?? lab.server.ready.tenantId;
  return { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: value };
}

interface Secretive {
  readonly clientId: string;
  readonly secret: string;
  readonly tenantId?: string;
}

/** Runs tests with one server and one fabric, both made by root. */
export function testAtSite(title: string, see: (lab: FabricLab, t: TestAt) => Promise<void>): void {
  const why = whyNotInLab();
  if (why !== undefined) {
    notRun(title, why);
    return;
  }
  test(title, async (t) => {
    await using lab = await FabricLab.start({ clients: Object.values(identities) });
    await see(lab, (name, run) => t.test(name, run));
  });
}

type TestAt = (name: string, run: () => Promise<void>) => Promise<void>;

/** The properties of a subnet with the service endpoint for vaults, or without it. */
export function subnetAt(addressPrefix: string, service: 'endpoint' | 'no endpoint', more: object = {}): object {
  const serviceEndpoints = service === 'endpoint' ? [{ service: 'Microsoft.KeyVault' }] : [];
  return { addressPrefix, serviceEndpoints, ...more };
}

export function put(lab: FabricLab, name: string, properties: object, more: object = {}): Promise<void> {
  return lab.arm('PUT', `${provider}/${name}`, { location, properties, ...more });
}

export function putNetwork(
  lab: FabricLab,
  name: string,
  { space, subnets }: { readonly space: string; readonly subnets: Readonly<Record<string, object>> },
): Promise<void> {
  const named = Object.entries(subnets).map(([subnet, properties]) => ({ name: subnet, properties }));
  return put(lab, `virtualNetworks/${name}`, { addressSpace: { addressPrefixes: [space] }, subnets: named });
}

/** Connects both sides. */
export async function peer(lab: FabricLab, one: string, other: string): Promise<void> {
  for (const [here, there] of [
    [one, other],
    [other, one],
  ]) {
    const properties = { remoteVirtualNetwork: { id: idOf(lab, `virtualNetworks/${there}`) } };
    await put(lab, `virtualNetworks/${here}/virtualNetworkPeerings/to-${there}`, {
      ...properties,
      allowVirtualNetworkAccess: true,
    });
  }
}

/** Makes a NAT gateway with a public address, and returns the address. */
export async function putGateway(lab: FabricLab, name: string): Promise<string> {
  const standard = { sku: { name: 'Standard' } };
  await put(lab, `publicIPAddresses/${name}`, { publicIPAllocationMethod: 'Static' }, standard);
  await put(
    lab,
    `natGateways/${name}`,
    { publicIpAddresses: [{ id: idOf(lab, `publicIPAddresses/${name}`) }] },
    standard,
  );
  const { properties } = await get(lab, `publicIPAddresses/${name}`);
  return String(properties?.['ipAddress']);
}

/** The ARM id of a resource below `Microsoft.Network`. */
export function idOf(lab: FabricLab, name: string): string {
  return `/subscriptions/${lab.server.ready.subscriptionId}${provider}/${name}`;
}

/** The ARM id of `VNET/SUBNET`. */
export function subnetId(lab: FabricLab, place: string): string {
  return idOf(lab, `virtualNetworks/${place.replace('/', '/subnets/')}`);
}

/** The identity of a subnet, to which a rule of a vault is bound. */
export async function incarnationOf(lab: FabricLab, place: string): Promise<string> {
  const { properties } = await get(lab, `virtualNetworks/${place.replace('/', '/subnets/')}?$expand=resourceGuid`);
  return String(properties?.['resourceGuid']);
}

async function get(lab: FabricLab, name: string): Promise<Json> {
  const { status, body } = await lab.client.arm('GET', `${provider}/${name}`);
  assert.equal(status, 200, `${name}: ${JSON.stringify(body)}`);
  return body;
}

/** A vault with the secret, which everyone reaches. */
export async function putVault(lab: FabricLab): Promise<void> {
  await setRules(lab, { defaultAction: 'Allow', bypass: 'None' });
  const answer = await lab.client.vault(vault, 'PUT', `/secrets/${secret.name}`, { body: { value: secret.value } });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

export function setRules(lab: FabricLab, networkAcls: object): Promise<void> {
  const { tenantId, objectId } = lab.server.ready;
  const permissions = { secrets: ['get', 'set', 'list'] };
  const readers = Object.values(identities).map((identity) => identity.objectId);
  return lab.arm('PUT', `${group}/providers/Microsoft.KeyVault/vaults/${vault}`, {
    location,
    properties: {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [objectId, ...readers].map((id) => ({ tenantId, objectId: id, permissions })),
      networkAcls,
      // Azure Resource Manager needs it, and no access policy.
      enabledForTemplateDeployment: true,
    },
  });
}
