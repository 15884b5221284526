import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import { objectLimits } from '../../src/objects/parameters.ts';
import { isObjectName } from '../../src/objects/object.ts';
import { isVaultName } from '../../src/resources/vaults/vaults.ts';
import { parseSeed, readSeed, seedBounds } from '../../src/seed/read-seed.ts';
import { secretBounds } from '../../src/seed/secret.ts';
import type { SeedFile } from '../../src/seed/seed-file.ts';
import { isValid } from './json-schema.ts';

const profile = ruleProfiles.documented;
const guid = 'a0000000-0000-4000-8000-000000000001';

/** A seed with something of everything. */
const whole: SeedFile = {
  $schema: './seed.schema.json',
  resourceGroup: 'rg1',
  location: 'northeurope',
  networks: {
    blue: { addressPrefixes: ['10.0.0.0/16'], subnets: { web: { addressPrefix: '10.0.0.0/24' }, jobs: '10.0.1.0/24' } },
  },
  identities: { shop: {}, pipeline: { clientSecret: 'a secret', clientId: guid.toUpperCase() } },
  users: { 'alice@localhost': { password: 'pass phrase' } },
  vaults: {
    app: {
      rules: { defaultAction: 'Deny', ipRules: ['203.0.113.7'], virtualNetworkRules: ['blue/web', 'Blue/Jobs'] },
      access: {
        shop: { secrets: ['get', 'list'] },
        administrator: { secrets: ['all'] },
        'alice@localhost': { keys: ['all'] },
      },
      secrets: { greeting: 'hello', other: { value: 'x', expires: '2027-01-31T12:00:00Z' }, kept: null },
    },
  },
};

function read(value: unknown) {
  return readSeed(value, profile);
}

test('a seed gets every default', () => {
  const short = read({ vaults: { app: { secrets: { greeting: 'hello' } } } });
  assert.deepEqual(short, {
    ok: true,
    seed: {
      resourceGroup: 'demo',
      networks: {},
      identities: {},
      users: {},
      vaults: { app: { secrets: { greeting: { value: 'hello' } }, keys: {} } },
    },
  });
  const all = read(whole);
  assert.ok(all.ok, JSON.stringify(all));
  const { networks, identities, vaults } = all.seed;
  assert.deepEqual(networks['blue']?.subnets['jobs'], { addressPrefix: '10.0.1.0/24', serviceEndpoint: true });
  assert.equal(identities['pipeline']?.clientId, guid);
  assert.equal(vaults['app']?.rules?.bypass, 'AzureServices');
  assert.deepEqual(vaults['app']?.secrets['other'], { value: 'x', expires: 1801396800 });
  assert.deepEqual(vaults['app']?.secrets['kept'], { value: null });
});

const vault = (app: unknown) => ({ vaults: { app } });
const network = (subnets: unknown, addressPrefixes = ['10.0.0.0/16']) => ({
  networks: { blue: { addressPrefixes, subnets } },
});
const rules = (members: object) => vault({ rules: { defaultAction: 'Deny', ...members } });

/** Each fault, and the message, which begins with its path. */
const faults: readonly (readonly [unknown, RegExp])[] = [
  [[], /^this is an array; it must be an object\.$/],
  [{ vault: {} }, /^vault: there is no such member; known are \$schema, resourceGroup, .*vaults\.$/],
  [{ resourceGroup: 'a.' }, /^resourceGroup: "a\." must be 1 to 90 letters/],
  [{ vaults: [] }, /^vaults: this is an array; it must be an object\.$/],
  [{ vaults: { ap: {} } }, /^vaults\.ap: this is not the name of a vault: it must be 3 to 24/],
  [{ vaults: { app: {}, APP: {} } }, /^vaults\.APP: it has the name of 'app' in another case\.$/],
  [vault({ rules: {} }), /^vaults\.app\.rules\.defaultAction: it is missing\.$/],
  [
    vault({ rules: { defaultAction: 'deny' } }),
    /^vaults\.app\.rules\.defaultAction: "deny" must be one of: Allow, Deny\.$/,
  ],
  [
    rules({ ipRules: ['203.0.113.7', '10.0.0.1'] }),
    /^Invalid value found at vaults\.app\.rules\.ipRules\[1\]: 10\.0\.0\.1 belongs to forbidden range/,
  ],
  [
    rules({ ipRules: ['203.0.113.7/24'] }),
    /^Invalid value found at vaults\.app\.rules\.ipRules\[0\]: "203\.0\.113\.7\/24"/,
  ],
  [
    rules({ virtualNetworkRules: ['web'] }),
    /^vaults\.app\.rules\.virtualNetworkRules\[0\]: 'web' must be NETWORK\/SUBNET/,
  ],
  [
    { ...network({ web: '10.0.0.0/24' }), ...rules({ virtualNetworkRules: ['blue/web', 'blue/web2'] }) },
    /^vaults\.app\.rules\.virtualNetworkRules\[1\]: there is no subnet 'web2' in the network 'blue'; its subnets are web\.$/,
  ],
  [
    rules({ virtualNetworkRules: ['blue/web'] }),
    /^vaults\.app\.rules\.virtualNetworkRules\[0\]: there is no network 'blue' in this file; it has none: add it\.$/,
  ],
  [
    {
      ...network({ web: { addressPrefix: '10.0.0.0/24', serviceEndpoint: false } }),
      ...rules({ virtualNetworkRules: ['blue/web'] }),
    },
    /^vaults\.app\.rules\.virtualNetworkRules\[0\]: the subnet 'blue\/web' has no service endpoint/,
  ],
  [
    rules({ virtualNetworkRules: ['/subscriptions/x'] }),
    /^Invalid value found at vaults\.app\.rules\.virtualNetworkRules\[0\]: "\/subscriptions\/x" is not the id of a subnet/,
  ],
  [network({ web: 'web' }), /^networks\.blue\.subnets\.web: "web" must be an IPv4 range/],
  [network({ web: '10.0.0.5/24' }), /^networks\.blue\.subnets\.web: "10\.0\.0\.5\/24" must be an IPv4 range/],
  [
    network({ web: { addressPrefix: '10.1.0.0/24' } }),
    /^networks\.blue\.subnets\.web\.addressPrefix: 10\.1\.0\.0\/24 is outside of the network's addressPrefixes \(10\.0\.0\.0\/16\)/,
  ],
  [
    network({ web: '10.0.0.0/24', jobs: '10.0.0.128/25' }),
    /^networks\.blue\.subnets\.jobs\.addressPrefix: 10\.0\.0\.128\/25 overlaps the subnet 'web'/,
  ],
  [
    vault({ access: { shop: {} } }),
    /^vaults\.app\.access\.shop: there is no principal 'shop'; name one of administrator, developer, or/,
  ],
  [
    vault({ access: { developer: { secrets: ['read'] } } }),
    /^vaults\.app\.access\.developer\.secrets\[0\]: "read" must be one of: all, get/,
  ],
  [vault({ access: {}, enableRbacAuthorization: true }), /^vaults\.app\.access: the vault has enableRbacAuthorization/],
  [vault({ enablePurgeProtection: false }), /^vaults\.app\.enablePurgeProtection: false must be one of: true\.$/],
  [
    vault({ softDeleteRetentionInDays: 6 }),
    /^vaults\.app\.softDeleteRetentionInDays: 6 is not a whole number from 7 to 90\.$/,
  ],
  [vault({ secrets: { a_b: 'x' } }), /^vaults\.app\.secrets\.a_b: this is not the name of a secret/],
  [vault({ secrets: { a: 5 } }), /^vaults\.app\.secrets\.a: must be a string of 0 to 25600 characters\.$/],
  [
    vault({ secrets: { a: 'x'.repeat(25_601) } }),
    /^vaults\.app\.secrets\.a: the value has 25601 bytes; at most 25600 are allowed\.$/,
  ],
  [
    vault({ secrets: { a: { value: 'x', expires: '2027-02-30T00:00:00Z' } } }),
    /^vaults\.app\.secrets\.a\.expires: "2027-02-30/,
  ],
  [
    vault({ secrets: { a: { value: 'x', notBefore: '2027-01-02T00:00:00Z', expires: '2027-01-01T00:00:00Z' } } }),
    /^vaults\.app\.secrets\.a: expires is before notBefore\.$/,
  ],
  [vault({ secrets: { a: { contentType: 'x' } } }), /^vaults\.app\.secrets\.a\.value: it is missing\.$/],
  [
    vault({ keys: { a: { kty: 'RSA', crv: 'P-256' } } }),
    /^vaults\.app\.keys\.a\.crv: it is for EC keys; an RSA key has a keySize\.$/,
  ],
  [
    vault({ keys: { a: { kty: 'EC', keySize: 256 } } }),
    /^vaults\.app\.keys\.a\.keySize: the size of an EC key is that of its crv\.$/,
  ],
  [
    vault({ keys: { a: { kty: 'RSA', keySize: 256 } } }),
    /^vaults\.app\.keys\.a\.keySize: an RSA key has 2048, 3072, 4096 bits, not 256\.$/,
  ],
  [vault({ keys: { a: { kty: 'AES' } } }), /^vaults\.app\.keys\.a\.kty: "AES" must be one of: EC, /],
  [{ identities: { developer: {} } }, /^identities\.developer: the server has an identity of that name itself/],
  [
    { identities: { a: { clientId: guid }, b: { clientId: guid } } },
    /^identities\.b\.clientId: 'a' has the id a0000000/,
  ],
  [
    { identities: { a: { clientSecret: 7 } } },
    /^identities\.a\.clientSecret: must be a string of 1 to 1024 characters\.$/,
  ],
  [
    { users: { alice: { password: 'pass phrase' } } },
    /^users\.alice: this is not the name of a user: it must be alias@domain/,
  ],
  [{ users: { 'a@b': { password: 'short' } } }, /^users\.a@b\.password: must be a string of 8 to 256 characters\.$/],
];

test('each fault of a seed names its path and its rule', () => {
  for (const [seed, message] of faults) {
    const refused = read(seed);
    assert.ok(!refused.ok, `${JSON.stringify(seed).slice(0, 200)} was accepted`);
    assert.match(refused.message, message);
    assert.ok(refused.message.includes(refused.path), refused.message);
  }
});

test('the first fault of the document is named', () => {
  const refused = read({ vaults: { app: { secrets: { 'a b': '' }, rules: {} } }, networks: 5 });
  assert.equal(!refused.ok && refused.path, 'vaults.app.secrets.a b');
});

test('a message shows no value of a secret', () => {
  const hidden = 'hunter2-hunter2';
  for (const seed of [
    vault({ secrets: { a: [hidden] } }),
    vault({ secrets: { a: { value: { hidden } } } }),
    { identities: { a: { clientSecret: [hidden] } } },
    { users: { 'a@b': { password: { hidden } } } },
    { identities: { a: hidden } },
  ]) {
    const refused = read(seed);
    assert.ok(!refused.ok && !refused.message.includes('hunter2'), JSON.stringify(refused));
  }
});

test('a file is read within bounds', () => {
  assert.ok(parseSeed('\uFEFF{}', profile).ok);
  const large = parseSeed(' '.repeat(seedBounds.characters + 1), profile);
  assert.match(large.ok ? '' : large.message, /^the file has 8388609 characters; at most 8388608 are allowed\.$/);
  const deep = parseSeed('['.repeat(17), profile);
  assert.match(deep.ok ? '' : deep.message, /^the file cannot be read: /);
  const other = parseSeed('{"vaults": hunter2}', profile);
  assert.equal(other.ok ? '' : other.message, 'the file cannot be read: it is not valid JSON (line 1, column 12).');
});

test("the bounds and names are those of the vaults' own rules", () => {
  const { secretValueBytes: valueBytes, contentType, tags, tagName, tagValue } = objectLimits;
  assert.deepEqual(secretBounds, { valueBytes, contentType, tags, tagName, tagValue });
  const names = [
    'a',
    'ab',
    'app',
    'a-b',
    'a--b',
    '1ab',
    'ab1',
    'ab-',
    `a${'b'.repeat(23)}`,
    `a${'b'.repeat(24)}`,
    'a_b',
    '',
  ];
  for (const name of names) {
    assert.equal(read({ vaults: { [name]: {} } }).ok, isVaultName(name), name);
    assert.equal(read(vault({ secrets: { [name]: '' } })).ok, isObjectName(name), name);
  }
});

/** The rules that a JSON Schema cannot say: of the firewall, of names in another case, and of parts that need another. */
const beyondTheSchema = [
  /forbidden range|ipRules|virtualNetworkRules|in another case|is outside of|overlaps|no principal|enableRbac/,
  /is before|2027-02-30|already|itself|crv|keySize|10\.0\.0\.5/,
];

test('the published schema accepts what the reader accepts, and refuses what a schema can', () => {
  const path = join(import.meta.dirname, '../../docs/reference/seed.schema.json');
  const schema = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>;
  for (const seed of [
    {},
    whole,
    vault({}),
    network({ web: '10.0.0.0/24' }),
    { users: { 'a@b': { password: null } } },
  ]) {
    assert.ok(read(seed).ok && isValid(schema, seed), JSON.stringify(seed));
  }
  for (const [seed] of faults) {
    const refused = read(seed);
    const message = refused.ok ? '' : refused.message;
    const isBeyond = beyondTheSchema.some((rule) => rule.test(message));
    assert.equal(isValid(schema, seed), isBeyond, message);
  }
});

test('a network has a bounded number of prefixes and subnets, and a message a bounded number of names', () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, '10.0.0.0/24']));
  const refused = (value: unknown) => {
    const found = read(value);
    assert.ok(!found.ok);
    return found.message;
  };
  assert.equal(
    refused(network(many(3001))),
    'networks.blue.subnets: there are 3001 of them; at most 3000 are allowed.',
  );
  assert.match(refused(network(many(3000))), /^networks\.blue\.subnets\.s1\.addressPrefix: 10\.0\.0\.0\/24 overlaps/);
  const prefixes = Array.from({ length: 1001 }, () => '10.0.0.0/16');
  assert.match(refused(network({}, prefixes)), /^networks\.blue\.addressPrefixes: there are 1001 of them/);
  const none = { defaultAction: 'Deny', virtualNetworkRules: ['blue/none'] };
  const names = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`s${at}`, `10.0.${at}.0/24`]));
  assert.match(
    refused({ ...network(names), vaults: { app: { rules: none } } }),
    /its subnets are s0, (s\d+, ){19}…\.$/,
  );
});

test('a message moves the cursor of a terminal nowhere, and stays on its line', () => {
  const name = 'shop\u001B[2J\u009B1A\npostern: ready';
  for (const seed of [
    { [name]: {} },
    { identities: { [name]: {} } },
    vault({ access: { [name.replace(' ', '')]: {} } }),
  ]) {
    const found = read(seed);
    assert.ok(!found.ok);
    assert.match(found.message, /^[^\p{Cc}]*shop\\u001b\[2J\\u009b1A\\u000apostern:[^\p{Cc}]*$/u);
  }
});

test('a file that has a member twice is refused with its path', () => {
  const text = '{"vaults":{"app":{"rules":{"defaultAction":"Deny"}},"app":{}}}';
  assert.deepEqual(parseSeed(text, profile), {
    ok: false,
    path: 'vaults.app',
    message: 'vaults.app: the file has it twice: leave one out.',
  });
});
