import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import type { Permissions, VaultProperties } from '@azure/arm-keyvault';
import { CertificateClient } from '@azure/keyvault-certificates';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import type { TokenCredential } from '@azure/core-auth';
import { SecretClient } from '@azure/keyvault-secrets';
import { byHand } from './by-hand.ts';
import type { Post } from './by-hand.ts';
import { clientsAt, datacenter, office } from './address.ts';
import type { Line } from './address.ts';
import { administrator, location, resourceGroup, resources } from './callers.ts';
import type { Party } from './callers.ts';
import type { Connection } from './postern.ts';

/** The official clients of a vault, for one caller at one place. */
export interface Clients {
  readonly keys: KeyClient;
  readonly secrets: SecretClient;
  readonly certificates: CertificateClient;
  /** Operations with a key, by the key's id with its version. */
  readonly cryptography: (keyId: string) => CryptographyClient;
  /** Requests that none of these clients writes. */
  readonly post: Post;
  /** The id of the last request that these clients sent. */
  readonly lastRequest: () => string;
}

/** The settings of a vault's firewall and switches. */
export type Rules = Pick<
  VaultProperties,
  'publicNetworkAccess' | 'enabledForDeployment' | 'enabledForDiskEncryption' | 'enabledForTemplateDeployment'
> & { readonly bypass?: 'AzureServices' | 'None'; readonly purgeProtection?: boolean };

const sku = { family: 'A', name: 'standard' } as const;

/** The customer's vault: all but the customer's office and, by the bypass, trusted services are denied. */
export class Vault {
  readonly name: string;
  readonly #connection: Connection;
  #grants = new Map<string, { readonly party: Party; readonly permissions: Permissions }>();
  #rules: Rules;

  constructor(connection: Connection, name: string, rules: Rules = {}) {
    this.#connection = connection;
    this.name = name;
    this.#rules = rules;
  }

  get url(): string {
    return `https://${this.name}${this.#connection.vaultSuffix}`;
  }

  get id(): string {
    return `/subscriptions/${this.#connection.subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/${this.name}`;
  }

  /** The customer's own clients, in the office. */
  owner(): Clients {
    return this.#clients(administrator(this.#connection), office);
  }

  /** A party's clients, in the data centre, which no rule names. They do not repeat what fails on a line of their own. */
  as({ credential, headers = {} }: Party, line?: Line): Clients {
    return this.#clients(credential, datacenter, { headers, ...(line === undefined ? {} : { line }) });
  }

  async create(): Promise<void> {
    await resources(this.#connection).resourceGroups.createOrUpdate(resourceGroup, { location });
    await this.#put();
  }

  /** Gives the party an access policy, in place of the one that it has. */
  async grant(party: Party, permissions: Permissions): Promise<void> {
    this.#grants.set(party.objectId, { party, permissions });
    await this.#put();
  }

  async revoke({ objectId }: Party): Promise<void> {
    this.#grants.delete(objectId);
    await this.#put();
  }

  /** Changes what is given, and keeps the rest. */
  async set(rules: Rules): Promise<void> {
    await this.#put({ ...this.#rules, ...rules });
    this.#rules = { ...this.#rules, ...rules };
  }

  /** Deletes the vault softly. */
  async remove(): Promise<void> {
    await this.#management().vaults.delete(resourceGroup, this.name);
  }

  /** Purges the deleted vault, which the resource manager refuses for one with purge protection. */
  async purge(): Promise<void> {
    await this.#management().vaults.purgeDeleted(this.name, location, { updateIntervalInMs: 200 });
  }

  /** Brings a deleted vault back, with its contents and its rules. */
  async recover(): Promise<void> {
    const properties = { createMode: 'recover', tenantId: this.#connection.tenantId, sku } as const;
    await this.#management().vaults.createOrUpdate(resourceGroup, this.name, { location, properties });
  }

  #management(): KeyVaultManagementClient {
    const { home, subscriptionId } = this.#connection;
    const where = { endpoint: home, credentialScopes: `${home}/.default` };
    return new KeyVaultManagementClient(administrator(this.#connection), subscriptionId, where);
  }

  async #put(rules: Rules = this.#rules): Promise<void> {
    const { tenantId, objectId } = this.#connection;
    const { bypass = 'AzureServices', purgeProtection = true, ...others } = rules;
    const all = { keys: ['all'], secrets: ['all'], certificates: ['all'] };
    await this.#management().vaults.createOrUpdate(resourceGroup, this.name, {
      location,
      properties: {
        tenantId,
        sku,
        enableSoftDelete: true,
        // It can be switched on and never off, so the resource manager takes no `false`.
        ...(purgeProtection ? { enablePurgeProtection: true } : {}),
        enableRbacAuthorization: false,
        accessPolicies: [
          { tenantId, objectId, permissions: all },
          ...[...this.#grants.values()].map(({ party, permissions }) => ({
            tenantId,
            objectId: party.objectId,
            permissions,
          })),
        ],
        networkAcls: { defaultAction: 'Deny', bypass, ipRules: [{ value: office.public }], virtualNetworkRules: [] },
        ...others,
      },
    });
  }

  #clients(
    credential: TokenCredential,
    place: typeof office,
    way: { readonly headers?: Readonly<Record<string, string>>; readonly line?: Line } = {},
  ): Clients {
    let last = '';
    const sent = (requestId: string) => {
      last = requestId;
    };
    const { caFile } = this.#connection;
    const options = clientsAt(place, { caFile, sent, ...way });
    return {
      keys: new KeyClient(this.url, credential, options),
      secrets: new SecretClient(this.url, credential, options),
      certificates: new CertificateClient(this.url, credential, options),
      cryptography: (keyId) => new CryptographyClient(keyId, credential, options),
      post: byHand(credential, options),
      lastRequest: () => last,
    };
  }
}
