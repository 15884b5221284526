import { servicesTenant } from '../../types/caller.ts';
import type { Permission } from '../../types/operation.ts';
import { writeIdentifier } from '../objects/identifier.ts';
import type { ObjectIdentifier } from '../objects/identifier.ts';

/** A resource of the resource manager, with what the blades read of it. */
export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly identity?: {
    readonly type?: string;
    readonly principalId?: string;
    readonly userAssignedIdentities?: Readonly<Record<string, { readonly principalId?: string }>>;
  };
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The user's choice: an object, and the ARM id of its vault. */
export interface Chosen {
  readonly identifier: ObjectIdentifier;
  readonly vaultId: string;
}

/** The object that a blade keeps: read from its identifier, or from the names of its vault and of itself. */
export interface Used {
  readonly vaultName: string;
  readonly name: string;
  readonly version: string;
}

/** Reads `https://demo.vault.localhost:8443/keys/disk/0123…` and `demo/shop`. */
export function usedIn(kept: string): Used {
  const [vaultName = '', name = '', version = ''] = kept.startsWith('https:')
    ? kept.split('/').filter((_, index) => index === 2 || index > 3)
    : kept.split('/');
  return { vaultName: vaultName.split('.')[0] ?? '', name, version };
}

export interface Change {
  readonly method: 'PUT' | 'PATCH';
  readonly body: unknown;
}

/** The part of a resource that takes an object of a vault, in the names of the service's own API. */
export interface Blade {
  /** As the service's API spells it. */
  readonly type: string;
  readonly noun: string;
  readonly title: string;
  readonly kind: 'keys' | 'certificates';
  readonly apiVersion: string;
  /** Where the choice is kept, by the resource's id. */
  readonly keptAt: (id: string) => string;
  /** The identifier that is kept; `undefined` if there is none. */
  readonly kept: (properties: Readonly<Record<string, unknown>>) => string | undefined;
  readonly change: (resource: Resource, chosen: Chosen) => Change;
  /** The permissions that the service uses; the first stands for its scenario. */
  readonly needs: readonly [Permission, ...Permission[]];
  /** The application that reads the object, where it is not the resource's own identity. */
  readonly application?: string;
}

const wrapping = ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'] as const;

const blades: readonly Blade[] = [
  {
    type: 'Microsoft.Storage/storageAccounts',
    noun: 'storage account',
    title: 'Encryption with a customer-managed key',
    kind: 'keys',
    apiVersion: 'api-version=2023-05-01',
    keptAt: (id) => id,
    // Microsoft.Storage, "Encryption": keyvaultproperties in this spelling.
    kept: (properties) => {
      const { keyname, keyversion, keyvaulturi } = textsOf(textsIn(properties, 'encryption')['keyvaultproperties']);
      if (keyname === undefined || keyvaulturi === undefined) return undefined;
      return `${keyvaulturi.replace(/\/?$/, '/')}keys/${keyname}${keyversion ? `/${keyversion}` : ''}`;
    },
    change: (resource, { identifier: { vaultUri, name, version } }) => ({
      method: 'PATCH',
      body: {
        ...identityFor(resource),
        properties: {
          encryption: {
            keySource: 'Microsoft.Keyvault',
            keyvaultproperties: { keyname: name, keyversion: version, keyvaulturi: vaultUri },
          },
        },
      },
    }),
    needs: wrapping,
  },
  {
    type: 'Microsoft.Sql/servers',
    noun: 'SQL server',
    title: 'Transparent data encryption',
    kind: 'keys',
    apiVersion: 'api-version=2023-08-01',
    keptAt: (id) => id,
    // Microsoft.Sql/servers, "keyId": the URI of the key that the server's encryption uses.
    kept: (properties) => textsOf(properties)['keyId'],
    change: (resource, { identifier }) => ({
      method: 'PATCH',
      body: { ...identityFor(resource), properties: { keyId: writeIdentifier(identifier) } },
    }),
    needs: wrapping,
  },
  {
    type: 'Microsoft.Web/sites',
    noun: 'web app',
    title: 'TLS certificate',
    kind: 'certificates',
    apiVersion: 'api-version=2024-04-01',
    keptAt: (id) => `${id.replace(/\/sites\//i, '/certificates/')}-certificate`,
    // Microsoft.Web/certificates: the ARM id of the vault, and the name of the certificate's secret.
    kept: (properties) => {
      const { keyVaultId = '', keyVaultSecretName } = textsOf(properties);
      return keyVaultSecretName && `${keyVaultId.split('/').at(-1) ?? ''}/${keyVaultSecretName}`;
    },
    change: ({ location }, { identifier: { name }, vaultId }) => ({
      method: 'PUT',
      body: { location, properties: { keyVaultId: vaultId, keyVaultSecretName: name } },
    }),
    needs: ['secrets/get', 'certificates/get'],
    // "Microsoft Azure App Service" reads the certificate; the app's own identity has no part in it.
    application: 'abfa0a7c-a6b6-4736-8310-5855508787cd',
  },
];

export function bladeOf(type: string): Blade | undefined {
  return blades.find((blade) => blade.type.toLowerCase() === type.toLowerCase());
}

/** The type in an ARM id; `''` if it is not the id of a resource in a resource group. */
export function typeIn(id: string): string {
  return /^\/subscriptions\/[^/?#]+\/resourceGroups\/[^/?#]+\/providers\/([^/]+\/[^/]+)\/[^/?#]+$/i.exec(id)?.[1] ?? '';
}

/** The caller that reads the object, as `explain` takes it. */
export function callerOf({ application }: Blade, { id }: Resource) {
  return application === undefined ? { managedIdentity: id } : { tenantId: servicesTenant, applicationId: application };
}

/** An identity of the resource that a vault can give permissions to. */
export function principalOf({ identity }: Resource): string | undefined {
  const [assigned] = Object.values(identity?.userAssignedIdentities ?? {});
  return identity?.principalId ?? assigned?.principalId;
}

/** A resource without an identity could not call the vault: it gets one of its own with the choice. */
function identityFor(resource: Resource) {
  return principalOf(resource) === undefined ? { identity: { type: 'SystemAssigned' } } : {};
}

function textsIn(value: Readonly<Record<string, unknown>>, member: string): Readonly<Record<string, unknown>> {
  const found = value[member];
  return typeof found === 'object' && found !== null ? { ...found } : {};
}

/** The members that are strings. */
function textsOf(value: unknown): Readonly<Record<string, string | undefined>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
