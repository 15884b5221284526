import type { Answered, Client, Sent } from '../world/client.ts';
import { expectStatus, followed, group, location, vaultBody } from './resources.ts';

export const deployments = `${group}/providers/Microsoft.Resources/deployments`;
const schema = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#';

type Members = Readonly<Record<string, unknown>>;

/** A template with these members. */
export function template(parts: Members): Members {
  return { $schema: schema, contentVersion: '1.0.0.0', resources: [], ...parts };
}

/** A vault as a template's resource. */
export function vaultIn(client: Client, name: string, others: Members = {}, properties: Members = {}): Members {
  return {
    type: 'Microsoft.KeyVault/vaults',
    apiVersion: '2023-07-01',
    name,
    ...vaultBody(client, properties),
    ...others,
  };
}

/** A virtual network 10.0.0.0/16 with the subnet `apps`, as a template's resource. */
export function networkIn(name: string, others: Members = {}): Members {
  const subnet = { addressPrefix: '10.0.0.0/24', serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] };
  return {
    type: 'Microsoft.Network/virtualNetworks',
    apiVersion: '2023-11-01',
    name,
    location,
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets: [{ name: 'apps', properties: subnet }] },
    ...others,
  };
}

export interface Deployed {
  readonly parameters?: Members;
  readonly properties?: Members;
  readonly sent?: Sent;
}

/** The body of a deployment. */
export function bodyWith(parts: Members, { parameters, properties }: Deployed = {}): Members {
  return {
    properties: {
      mode: 'Incremental',
      template: template(parts),
      ...(parameters !== undefined && { parameters }),
      ...properties,
    },
  };
}

export function put(client: Client, name: string, parts: Members, deployed: Deployed = {}): Promise<Answered> {
  return client.arm('PUT', `${deployments}/${name}`, bodyWith(parts, deployed), deployed.sent);
}

/** Deploys, waits for the end, and reads the deployment; `ended` is the final answer of the operation. */
export async function deploy(client: Client, name: string, parts: Members, deployed: Deployed = {}) {
  const accepted = expectStatus(await put(client, name, parts, deployed), 201);
  const ended = expectStatus(await followed(client, accepted), 200);
  const read = expectStatus(await client.arm('GET', `${deployments}/${name}`), 200);
  return { accepted, ended, read };
}
