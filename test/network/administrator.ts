import assert from 'node:assert/strict';
import type { Json } from '../world/client.ts';
import type { Agent } from './agent.ts';
import type { SubnetName, VnetName } from './namespaces.ts';
import type { ReadyLine } from '../world/process.ts';
import { parseAs } from './parse-as.ts';

const vault = 'gate';
export const secret = { name: 'greeting', value: 'hello from behind the boundary' } as const;
const location = 'westeurope';

/** The application that the workloads run; it may only read secrets. */
export const application = {
  clientId: '0a9d2f6c-7a41-4a55-9a53-1d6b8c0f1e01',
  objectId: '0a9d2f6c-7a41-4a55-9a53-1d6b8c0f1e02',
  secret: 'a secret that only this lab uses',
} as const;

export interface Rules {
  readonly ipRules?: readonly string[];
  /** ARM ids. */
  readonly subnets?: readonly string[];
}

/** Works at a desk on the internet, with the resource manager's interface, like any tool of Azure. */
export class Administrator {
  readonly #desk: Agent;
  readonly #ready: ReadyLine;
  readonly #tokens = new Map<string, Promise<string>>();

  constructor(desk: Agent, ready: ReadyLine) {
    this.#desk = desk;
    this.#ready = ready;
  }

  get vaultUrl(): string {
    return this.#ready.home.replace('https://', `https://${vault}.vault.`);
  }

  get secretUrl(): string {
    return `${this.vaultUrl}/secrets/${secret.name}?api-version=7.4`;
  }

  networkId(vnet: VnetName): string {
    return `${this.#group}/providers/Microsoft.Network/virtualNetworks/${vnet}`;
  }

  subnetId(vnet: VnetName, subnet: SubnetName): string {
    return `${this.networkId(vnet)}/subnets/${subnet}`;
  }

  /** Two virtual networks with the same addresses, and a vault with a secret, closed and without rules. */
  async makeWorld(): Promise<void> {
    await this.arm('PUT', this.#group, { location });
    for (const vnet of ['blue', 'green'] as const) {
      const properties = { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } };
      await this.arm('PUT', this.networkId(vnet), { location, properties });
      await this.putSubnet(vnet, 'apps', 'on');
    }
    await this.putSubnet('blue', 'back', 'on');
    await this.#putVault({ defaultAction: 'Allow' });
    const put = await this.#desk.request({
      url: this.secretUrl,
      method: 'PUT',
      headers: { authorization: await this.vaultAuthorization(), 'content-type': 'application/json' },
      body: JSON.stringify({ value: secret.value }),
    });
    assert.equal('status' in put && put.status, 200, JSON.stringify(put));
    await this.setRules({});
  }

  async putSubnet(vnet: VnetName, subnet: SubnetName, endpoint: 'on' | 'off'): Promise<void> {
    const addressPrefix = subnet === 'apps' ? '10.0.0.0/24' : '10.0.1.0/24';
    const serviceEndpoints = endpoint === 'on' ? [{ service: 'Microsoft.KeyVault' }] : [];
    await this.arm('PUT', this.subnetId(vnet, subnet), { properties: { addressPrefix, serviceEndpoints } });
  }

  async deleteSubnet(vnet: VnetName, subnet: SubnetName): Promise<void> {
    await this.arm('DELETE', this.subnetId(vnet, subnet));
  }

  /** The `resourceGuid` of a virtual network, or of a subnet (its incarnation), by its ARM id. */
  async guidOf(id: string): Promise<string> {
    const { properties } = await this.arm('GET', `${id}?$expand=resourceGuid`);
    return String(properties?.['resourceGuid']);
  }

  /** Sets the vault's rules; `defaultAction` is Deny. */
  async setRules({ ipRules = [], subnets = [] }: Rules): Promise<void> {
    await this.#putVault({
      defaultAction: 'Deny',
      bypass: 'None',
      ipRules: ipRules.map((value) => ({ value })),
      virtualNetworkRules: subnets.map((id) => ({ id })),
    });
  }

  /**
   * The administrator's `Authorization` header for vaults: it permits everything, if the firewall lets the request in.
   */
  async vaultAuthorization(): Promise<string> {
    return `Bearer ${await this.#token(this.#ready.home.replace('https://', 'https://vault.'))}`;
  }

  #token(resource: string): Promise<string> {
    const known = this.#tokens.get(resource) ?? this.#askToken(resource);
    this.#tokens.set(resource, known);
    return known;
  }

  /** A request to the resource manager that must succeed. */
  async arm(method: string, path: string, body?: object): Promise<Json> {
    const answer = await this.#desk.request({
      url: `${this.#ready.home}${path}${path.includes('?') ? '&' : '?'}api-version=2023-07-01`,
      method,
      headers: { authorization: `Bearer ${await this.#token(this.#ready.home)}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    assert.ok('status' in answer && answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
    return parseAs<Json>(answer.body || '{}');
  }

  get #group(): string {
    return `/subscriptions/${this.#ready.subscriptionId}/resourceGroups/lab`;
  }

  async #putVault(networkAcls: object): Promise<void> {
    const { tenantId, objectId } = this.#ready;
    const properties = {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [
        { tenantId, objectId, permissions: { secrets: ['all'] } },
        { tenantId, objectId: application.objectId, permissions: { secrets: ['get'] } },
      ],
      networkAcls,
    };
    await this.arm('PUT', `${this.#group}/providers/Microsoft.KeyVault/vaults/${vault}`, { location, properties });
  }

  async #askToken(resource: string): Promise<string> {
    const { home, tenantId, clientId, clientSecret } = this.#ready;
    const answer = await this.#desk.request({
      url: `${home}/${tenantId}/oauth2/v2.0/token`,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: `${resource}/.default`,
      }).toString(),
    });
    assert.ok('status' in answer && answer.status === 200, `no token: ${JSON.stringify(answer)}`);
    return String(parseAs<Json>(answer.body)['access_token']);
  }
}
