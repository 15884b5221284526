import { permissionNames } from '../access/permission-names.ts';
import { parseRange } from '../address/address.ts';
import { networkAclsOf } from '../firewall/validate.ts';
import { accept, breached, within, wrong } from '../shape/fault.ts';
import { guidForm } from '../shape/shape.ts';
import type { RuleProfile } from '../types/firewall.ts';
import {
  about,
  checked,
  filled,
  flag,
  hidden,
  listOf,
  may,
  named,
  needed,
  objectOf,
  oneOf,
  orNull,
  shortOr,
  text,
  whole,
} from './described.ts';
import type { Described, GivenOf, ReadOf } from './described.ts';
import { keyOf } from './key.ts';
import { secretOf, tagsOf } from './secret.ts';

/** The contents of a seed file: the type for a program that writes one. */
export type SeedFile = GivenOf<ReturnType<typeof seedOf>>;

/** A seed as it was read: plain data, with every default. */
export type Seed = ReadOf<ReturnType<typeof seedOf>>;

export type SeedNetwork = Seed['networks'][string];
export type SeedIdentity = Seed['identities'][string];
export type SeedUser = Seed['users'][string];
export type SeedVault = Seed['vaults'][string];

const guid = checked(
  text({ pattern: `^${guidForm.replaceAll('a-f', 'a-fA-F')}$`, rule: 'is not a GUID (8-4-4-4-12 hexadecimal digits)' }),
  (id) => accept(id.toLowerCase()),
);

const range: Described<string> = {
  shape: (value) => {
    if (typeof value !== 'string') return wrong(value, 'must be an IPv4 range, such as 10.0.0.0/24');
    const { ok } = parseRange(value);
    return ok && value.includes('/') ? accept(value) : wrong(value, 'must be an IPv4 range, such as 10.0.0.0/24');
  },
  schema: { type: 'string', pattern: '^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$' },
};

const resourceGroup = text({
  pattern: '^[-\\w.()]{0,89}[-\\w()]$',
  rule: 'must be 1 to 90 letters, digits, full stops, hyphens, underscores and brackets, no full stop last',
});

const location = text({
  pattern: '^[A-Za-z0-9][A-Za-z0-9 ]{0,63}$',
  rule: 'must be the name of a region, such as westeurope',
});

const addressPrefix = about('The range of the addresses, within the network', range);

const subnet = shortOr(
  checked(addressPrefix, (prefix) => accept({ addressPrefix: prefix, serviceEndpoint: true })),
  objectOf({
    addressPrefix: needed(addressPrefix),
    serviceEndpoint: filled(
      about('Whether it has the service endpoint Microsoft.KeyVault, which rules need', flag),
      true,
    ),
  }),
);

const networkRule = 'it must be 2 to 64 letters, digits, underscores, hyphens and full stops';
const networks = named(
  { what: 'a virtual network', pattern: '^[A-Za-z0-9][A-Za-z0-9_.\\-]{0,62}[A-Za-z0-9_]$', rule: networkRule },
  objectOf({
    addressPrefixes: filled(about('The address space', listOf(range)), ['10.0.0.0/16']),
    subnets: filled(
      about(
        'The subnets, by name: an address prefix, or an object',
        named(
          {
            what: 'a subnet',
            pattern: '^[A-Za-z0-9]([A-Za-z0-9_.\\-]{0,78}[A-Za-z0-9_])?$',
            rule: 'it must be 1 to 80 letters, digits, underscores, hyphens and full stops',
          },
          subnet,
        ),
      ),
      {},
    ),
    tags: may(about('Tags of the resource', tagsOf({ most: 50, valueMost: 256 }))),
  }),
);

const identities = named(
  {
    what: 'an identity',
    pattern: '^[A-Za-z0-9][A-Za-z0-9_.\\-]{0,59}$',
    rule: 'it must be 1 to 60 letters, digits, underscores, hyphens and full stops, a letter or digit first',
  },
  objectOf({
    clientSecret: may(
      about(
        'Makes it an application that proves itself with this secret. `null`: the secret that it has is kept',
        orNull(hidden({ least: 1, most: 1024 })),
      ),
    ),
    clientId: may(about("The application's id; a new one where it is left out", guid)),
    objectId: may(about("The service principal's id in the directory; a new one where it is left out", guid)),
  }),
);

const users = named(
  {
    what: 'a user',
    pattern: '^[^\\s@/]{1,64}@[^\\s@/]{1,48}$',
    rule: 'it must be alias@domain, of at most 113 characters',
  },
  objectOf({
    password: needed(about('`null`: the password that the user has is kept', orNull(hidden({ least: 8, most: 256 })))),
    displayName: may(
      about('The name that is shown', text({ pattern: '^[^]{1,256}$', rule: 'must have 1 to 256 characters' })),
    ),
    objectId: may(about("The user's id in the directory; a new one where it is left out", guid)),
    groups: filled(about('Object ids of groups; a group that does not exist is made', listOf(guid)), []),
  }),
);

const addresses = listOf(text({ pattern: '^', rule: 'must be an IPv4 address or range' }));
const subnets = listOf(text({ pattern: '^', rule: 'must be NETWORK/SUBNET, or the resource id of a subnet' }));

/** The firewall judges the addresses here; the subnets once the networks are known (`references.ts`). */
function rulesOf(profile: RuleProfile) {
  const members = objectOf({
    defaultAction: needed(about('What happens to a caller that no rule lets in', oneOf('Allow', 'Deny'))),
    bypass: filled(about('Whether trusted services pass', oneOf('AzureServices', 'None')), 'AzureServices'),
    ipRules: filled(about('Public IPv4 addresses and ranges that are let in', addresses), []),
    virtualNetworkRules: filled(
      about('Subnets that are let in: NETWORK/SUBNET of this file, or a resource id', subnets),
      [],
    ),
  });
  const judge = networkAclsOf(profile);
  return checked(members, (rules) => {
    const read = judge({ ipRules: rules.ipRules.map((value) => ({ value })) });
    if (read.ok) return accept(rules);
    // The path of the firewall ends with the member `value` of its rule, which the seed does not have.
    return { ok: false, fault: { ...read.fault, path: read.fault.path.slice(0, 2) } };
  });
}

const permissions = {
  secrets: may(about('Permissions on secrets', permissionsOf('secrets'))),
  keys: may(about('Permissions on keys', permissionsOf('keys'))),
  certificates: may(about('Permissions on certificates', permissionsOf('certificates'))),
  storage: may(about('Permissions on storage accounts', permissionsOf('storage'))),
};

function permissionsOf(collection: keyof typeof permissionNames) {
  return listOf(oneOf(...permissionNames[collection]));
}

const access = named(
  { what: 'a principal', pattern: '^[^\\s/]{1,113}$', rule: 'it must be an identity, a user or an object id' },
  objectOf(permissions),
);

const secrets = named(
  { what: 'a secret', pattern: '^[0-9A-Za-z\\-]{1,127}$', rule: 'it must be 1 to 127 letters, digits and hyphens' },
  secretOf(),
);

const keys = named(
  { what: 'a key', pattern: '^[0-9A-Za-z\\-]{1,127}$', rule: 'it must be 1 to 127 letters, digits and hyphens' },
  keyOf(),
);

const vaultName = {
  what: 'a vault',
  pattern: '^(?=.{3,24}$)[A-Za-z](-?[A-Za-z0-9])+$',
  rule: 'it must be 3 to 24 letters, digits and single hyphens, a letter first, a letter or digit last',
};

function vaultOf(profile: RuleProfile) {
  return objectOf({
    rules: may(about("The vault's firewall. Without it, a new vault lets every address in", rulesOf(profile))),
    access: may(
      about(
        "Access policies, by principal: an identity or user of this file, `administrator`, `developer`, or an object id. A new vault's administrator has all rights unless it is named here. Without this member, so do the developer and the portal's user",
        access,
      ),
    ),
    secrets: filled(about('Secrets, by name: a value, or an object', secrets), {}),
    keys: filled(about('Keys, by name', keys), {}),
    tags: may(about('Tags of the resource', tagsOf({ most: 50, valueMost: 256 }))),
    sku: may(about('`standard` for a new vault', oneOf('standard', 'premium'))),
    softDeleteRetentionInDays: may(about('90 for a new vault. It cannot be changed later', whole(7, 90))),
    enablePurgeProtection: may(about('It cannot be switched off', oneOf(true))),
    enableRbacAuthorization: may(about('Roles decide who may do what, and `access` must be left out', flag)),
    publicNetworkAccess: may(
      about('`Disabled`: private endpoints and trusted services alone', oneOf('Enabled', 'Disabled')),
    ),
    enabledForDeployment: may(about("A switch of the vault's, as Azure has it", flag)),
    enabledForDiskEncryption: may(about("A switch of the vault's, as Azure has it", flag)),
    enabledForTemplateDeployment: may(about("A switch of the vault's, as Azure has it", flag)),
  });
}

/** The shape of a seed file, and its JSON Schema. The rules of vaults are judged by this profile. */
export function seedOf(profile: RuleProfile) {
  const vault = checked(vaultOf(profile), (given) => {
    const { enableRbacAuthorization, access: named_, enabledForDiskEncryption, rules } = given;
    if (enableRbacAuthorization === true && named_ !== undefined) {
      return within(
        'access',
        breached(
          {},
          'the vault has enableRbacAuthorization, so access policies have no effect: leave one of the two out',
        ).fault,
      );
    }
    if (enabledForDiskEncryption === true && rules?.bypass === 'None') {
      const rule = 'a vault with enabledForDiskEncryption lets trusted services pass: write AzureServices';
      return within('rules', within('bypass', breached('None', rule).fault).fault);
    }
    return accept(given);
  });
  return objectOf({
    $schema: may(
      about('Where the schema of this file is, for an editor', text({ pattern: '^', rule: 'must be a string' })),
    ),
    resourceGroup: filled(about('The resource group of everything that the file names', resourceGroup), 'demo'),
    location: may(about('The region: `westeurope` for what is made', location)),
    networks: filled(about('Virtual networks, by name', networks), {}),
    identities: filled(about('Managed identities and applications, by name', identities), {}),
    users: filled(about('People, by the name that they sign in with, such as ada@example.com', users), {}),
    vaults: filled(about('Vaults, by name', named(vaultName, vault)), {}),
  });
}
