import { randomBytes, randomUUID } from 'node:crypto';
import { ResourceManagementClient } from '@azure/arm-resources';
import type { AccessToken, TokenCredential } from '@azure/core-auth';
import { ClientSecretCredential } from '@azure/identity';
import { clientsAt, datacenter } from './address.ts';
import type { Configuration, Connection, Postern, ServiceCredential } from './postern.ts';

/** A caller of the vault: the service, or an impostor. */
export interface Caller {
  /** The caller in words that follow "as". */
  readonly title: string;
  /** The part of the server's configuration that the caller needs. */
  readonly configuration?: (connection: Connection) => Configuration | Promise<Configuration>;
  /** Registers the caller: makes its resource, or mints its secret. */
  readonly enter: (postern: Postern) => Promise<Party>;
}

/** A caller that can sign in. */
export interface Party {
  /** The principal to which the customer grants access. */
  readonly objectId: string;
  readonly credential: TokenCredential;
  /** Headers that the caller adds to each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives a resource with a user-assigned identity a system-assigned one besides. */
  readonly ownIdentity?: () => Promise<Party>;
}

/** The service's application in Microsoft's own tenant. */
export function application(service: string): Caller {
  return {
    title: `the application of ${service}`,
    enter: (postern) => {
      const minted = postern.credentialOf(service);
      const credential = ofItsOwnTenant(secretCredential(postern.connection, minted));
      return Promise.resolve({ objectId: minted.objectId, credential });
    },
  };
}

/** A vault's challenge names the customer's tenant; Microsoft's applications get their tokens from Microsoft's own. */
function ofItsOwnTenant(credential: TokenCredential): TokenCredential {
  return { getToken: (scopes, { tenantId: _, ...options } = {}) => credential.getToken(scopes, options) };
}

/** The identity that a resource was created with. `type` may have more than one step: `Microsoft.Sql/servers/databases`. */
export function systemAssigned(type: string, name: string): Caller {
  const identityHeader = randomBytes(24).toString('hex');
  return {
    title: `the system-assigned identity of ${type} ${name}`,
    configuration: (connection) => ({
      workloads: [{ resourceId: resourceId(connection, type, name), identityHeader }],
    }),
    enter: async (postern) => {
      const { connection } = postern;
      const resource = await createResource(connection, resourceId(connection, type, name), { type: 'SystemAssigned' });
      const objectId = resource.identity?.principalId ?? fail(`${type} has no identity`);
      return { objectId, credential: workloadCredential(connection, identityHeader) };
    },
  };
}

/** An identity that the customer made, on the resource that uses it. */
export function userAssigned(type: string, name: string): Caller {
  const identityHeader = randomBytes(24).toString('hex');
  return {
    title: `a user-assigned identity of ${type} ${name}`,
    configuration: (connection) => ({
      workloads: [{ resourceId: resourceId(connection, type, name), identityHeader }],
    }),
    enter: async (postern) => {
      const { connection } = postern;
      const identity = resourceId(connection, 'Microsoft.ManagedIdentity/userAssignedIdentities', `${name}-identity`);
      const { properties } = await createResource(connection, identity);
      const { principalId, clientId } = properties as { principalId: string; clientId: string };
      const userAssignedIdentities = { [identity]: {} };
      const create = (kind: 'UserAssigned' | 'SystemAssigned, UserAssigned') =>
        createResource(connection, resourceId(connection, type, name), { type: kind, userAssignedIdentities });
      await create('UserAssigned');
      return {
        objectId: principalId,
        credential: workloadCredential(connection, identityHeader, clientId),
        ownIdentity: async () => {
          const resource = await create('SystemAssigned, UserAssigned');
          const objectId = resource.identity?.principalId ?? fail(`${type} has no identity of its own`);
          return { objectId, credential: workloadCredential(connection, identityHeader) };
        },
      };
    },
  };
}

/** The administrator's own credential. */
export function administrator(connection: Connection): TokenCredential {
  return secretCredential(connection, connection);
}

function secretCredential(
  { home, caFile }: Connection,
  { tenantId, clientId, clientSecret }: Omit<ServiceCredential, 'objectId'>,
) {
  return new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: home,
    disableInstanceDiscovery: true,
    ...clientsAt(datacenter, { caFile }),
  });
}

/** A resource's workload gets its tokens as in App Service: from the endpoint of managed identities, with a header. */
export function workloadCredential({ home }: Connection, identityHeader: string, clientId?: string): TokenCredential {
  return {
    async getToken(scopes): Promise<AccessToken> {
      const [scope = ''] = [scopes].flat();
      const query = new URLSearchParams({
        'api-version': '2019-08-01',
        resource: scope.replace(/\/\.default$/, ''),
        ...(clientId === undefined ? {} : { client_id: clientId }),
      });
      const answer = await fetch(`${home}/msi/token?${query.toString()}`, {
        headers: { 'x-identity-header': identityHeader },
      });
      const body = (await answer.json()) as { access_token: string; expires_on: string };
      if (!answer.ok) throw new Error(`The endpoint gave no token of the managed identity: ${JSON.stringify(body)}`);
      return { token: body.access_token, expiresOnTimestamp: Number(body.expires_on) * 1000 };
    },
  };
}

export const resourceGroup = 'contoso';
export const location = 'westeurope';

/** The id of a resource in the customer's group; `type` and `name` have a part for each step of a child resource. */
export function resourceId({ subscriptionId }: Connection, type: string, name: string): string {
  const [provider = '', ...steps] = type.split('/');
  const names = name.split('/');
  const path = steps.map((step, index) => `${step}/${names[index]}`).join('/');
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${provider}/${path}`;
}

export function resources(connection: Connection): ResourceManagementClient {
  return new ResourceManagementClient(administrator(connection), connection.subscriptionId, {
    endpoint: connection.home,
    credentialScopes: `${connection.home}/.default`,
  });
}

type Identity = NonNullable<
  Parameters<ResourceManagementClient['resources']['beginCreateOrUpdateById']>[2]['identity']
>;

/** Creates the resource with the identity that it is to have. */
function createResource(connection: Connection, id: string, identity?: Identity) {
  const resource = { location, ...(identity === undefined ? {} : { identity }) };
  return resources(connection).resources.beginCreateOrUpdateByIdAndWait(id, '2024-01-01', resource);
}

function fail(message: string): never {
  throw new Error(message);
}

/** A client of the customer's own tenant, as the configuration file has it. */
export function client(title: string, members: Readonly<Record<string, unknown>>, headers?: Party['headers']): Caller {
  const clientSecret = randomBytes(24).toString('hex');
  const found = { clientId: randomUUID(), objectId: randomUUID(), ...members };
  return {
    title,
    configuration: () => ({ clients: [{ ...found, secret: clientSecret }] }),
    enter: ({ connection }) => {
      const given = { tenantId: connection.tenantId, clientId: found.clientId, clientSecret };
      const credential = secretCredential(connection, given);
      return Promise.resolve({ objectId: found.objectId, credential, ...(headers === undefined ? {} : { headers }) });
    },
  };
}
