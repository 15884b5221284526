import { permissionNames } from '../../access/permission-names.ts';
import type { SeedFile } from '../../seed/seed-file.ts';
import { membersOf } from '../json.ts';
import { listIn, textIn, within } from './found.ts';
import type { Found, Members } from './found.ts';
import type { LeftOut } from './left-out.ts';
import type { Principals } from './principals.ts';

type Networks = NonNullable<SeedFile['networks']>;
type Vault = NonNullable<SeedFile['vaults']>[string];

/** The virtual networks as a seed has them. */
export function networksOf({ networks }: Found, leftOut: LeftOut): Networks {
  return Object.fromEntries(networks.map((network) => [textIn(network, 'name'), networkOf(network, leftOut)]));
}

function networkOf(network: Members, leftOut: LeftOut): Networks[string] {
  const name = textIn(network, 'name');
  const properties = within(network, 'properties');
  if (listIn(properties, 'virtualNetworkPeerings').length > 0)
    leftOut.add(`the peerings of the network '${name}'`, 'a seed has none');
  const subnets = listIn(properties, 'subnets').map((subnet) => {
    const [members, of] = [membersOf(subnet), within(membersOf(subnet), 'properties')];
    const linked = ['networkSecurityGroup', 'routeTable', 'natGateway', 'privateEndpoints'].filter((member) =>
      of.has(member),
    );
    for (const member of linked)
      leftOut.add(`${member} of the subnet '${name}/${textIn(members, 'name')}'`, 'a seed has none');
    const services = listIn(of, 'serviceEndpoints').map((endpoint) =>
      textIn(membersOf(endpoint), 'service').toLowerCase(),
    );
    const serviceEndpoint = services.includes('microsoft.keyvault');
    const addressPrefix = textIn(of, 'addressPrefix');
    return [textIn(members, 'name'), { addressPrefix, ...(!serviceEndpoint && { serviceEndpoint }) }] as const;
  });
  return {
    addressPrefixes: stringsIn(within(properties, 'addressSpace'), 'addressPrefixes'),
    subnets: Object.fromEntries(subnets),
    ...tagsOf(network),
  };
}

/** A vault without its secrets. */
export function vaultOf(
  vault: Members,
  found: Found,
  { principals, leftOut }: { readonly principals: Principals; readonly leftOut: LeftOut },
): Vault {
  const name = textIn(vault, 'name');
  const properties = within(vault, 'properties');
  const isRbac = properties.get('enableRbacAuthorization') === true;
  if (isRbac) leftOut.add(`the role assignments of the vault '${name}'`, 'a seed has none');
  if (listIn(properties, 'privateEndpointConnections').length > 0) {
    leftOut.add(`the private endpoint connections of the vault '${name}'`, 'a seed has none');
  }
  const acls = properties.get('networkAcls');
  return {
    ...(acls !== undefined && { rules: rulesOf(membersOf(acls), found) }),
    ...(!isRbac && { access: accessOf(name, properties, { principals, leftOut }) }),
    ...tagsOf(vault),
    ...othersOf(properties),
  };
}

const switches = ['enabledForDeployment', 'enabledForDiskEncryption', 'enabledForTemplateDeployment'] as const;

/** The properties that are not those of a new vault. */
function othersOf(properties: Members): Vault {
  const days = properties.get('softDeleteRetentionInDays');
  const on = switches.filter((name) => properties.get(name) === true);
  return {
    ...(textIn(within(properties, 'sku'), 'name') === 'premium' && { sku: 'premium' }),
    ...(typeof days === 'number' && days !== 90 && { softDeleteRetentionInDays: days }),
    ...(properties.get('enablePurgeProtection') === true && { enablePurgeProtection: true }),
    ...(properties.get('enableRbacAuthorization') === true && { enableRbacAuthorization: true }),
    ...(properties.get('publicNetworkAccess') === 'Disabled' && { publicNetworkAccess: 'Disabled' }),
    ...Object.fromEntries(on.map((name) => [name, true])),
  };
}

function rulesOf(acls: Members, { networks }: Found): NonNullable<Vault['rules']> {
  const ids = listIn(acls, 'virtualNetworkRules').map((rule) => textIn(membersOf(rule), 'id'));
  return {
    defaultAction: textIn(acls, 'defaultAction') === 'Deny' ? 'Deny' : 'Allow',
    bypass: textIn(acls, 'bypass') === 'None' ? 'None' : 'AzureServices',
    ipRules: listIn(acls, 'ipRules').map((rule) => textIn(membersOf(rule), 'value')),
    virtualNetworkRules: ids.map((id) => nameOfSubnet(id, networks) ?? id),
  };
}

/** `NETWORK/SUBNET`, for a subnet that the seed has. */
function nameOfSubnet(id: string, networks: readonly Members[]): string | undefined {
  const lower = id.toLowerCase();
  for (const network of networks) {
    for (const subnet of listIn(within(network, 'properties'), 'subnets').map(membersOf)) {
      const name = textIn(subnet, 'name');
      if (`${textIn(network, 'id')}/subnets/${name}`.toLowerCase() === lower)
        return `${textIn(network, 'name')}/${name}`;
    }
  }
  return undefined;
}

interface Naming {
  readonly principals: Principals;
  readonly leftOut: LeftOut;
}

function accessOf(vault: string, properties: Members, { principals, leftOut }: Naming): NonNullable<Vault['access']> {
  const policies = listIn(properties, 'accessPolicies').map(membersOf);
  const named = policies.flatMap((policy) => {
    const id = textIn(policy, 'objectId').toLowerCase();
    if (policy.has('applicationId')) {
      leftOut.add(
        `the access policy of ${id} by an application in the vault '${vault}'`,
        'a seed has none for two identities together',
      );
      return [];
    }
    return [[principals.names.get(id) ?? id, permissionsOf(within(policy, 'permissions'))] as const];
  });
  return Object.fromEntries(named);
}

/** The permissions in the spelling of a seed: the resource manager returns them as they were sent. */
function permissionsOf(permissions: Members): NonNullable<Vault['access']>[string] {
  const collections = (['secrets', 'keys', 'certificates', 'storage'] as const).flatMap((collection) => {
    const given = new Set(stringsIn(permissions, collection).map((name) => name.toLowerCase()));
    const known = permissionNames[collection].filter((name) => given.has(name.toLowerCase()));
    return known.length === 0 ? [] : [[collection, known] as const];
  });
  return Object.fromEntries(collections);
}

export function tagsOf(resource: Members): { readonly tags?: Readonly<Record<string, string>> } {
  const tags = [...within(resource, 'tags')].flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return tags.length === 0 ? {} : { tags: Object.fromEntries(tags) };
}

function stringsIn(members: Members, name: string): readonly string[] {
  return listIn(members, name).filter((value) => typeof value === 'string');
}

/**
 * The keys of a vault that are not those of its certificates, by their form: no private key leaves the server, and another one
 * makes its own.
 */
export function keysOf(vault: Members, found: Found, leftOut: LeftOut): NonNullable<Vault['keys']> {
  const name = textIn(vault, 'name');
  const secrets = new Set(
    (found.secrets.get(name) ?? []).map((secret) => textIn(within(secret, 'properties'), 'secretUriWithVersion')),
  );
  const keys = (found.keys.get(name) ?? []).flatMap((key) => {
    const properties = within(key, 'properties');
    if (secrets.has(textIn(properties, 'keyUriWithVersion').replace('/keys/', '/secrets/'))) return [];
    leftOut.add(`the private key of '${textIn(key, 'name')}' of the vault '${name}'`, 'another server makes its own');
    const [kty, crv, keySize] = ['kty', 'curveName', 'keySize'].map((member) => properties.get(member));
    return [
      [
        textIn(key, 'name'),
        { kty, ...(crv !== undefined && { crv }), ...(keySize !== undefined && { keySize }) },
      ] as const,
    ];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the next start reads it, and refuses a form that it does not know
  return Object.fromEntries(keys) as NonNullable<Vault['keys']>;
}
