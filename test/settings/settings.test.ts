import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { documentedLimits } from '../../src/data-plane/throttle.ts';
import { ruleProfiles } from '../../src/firewall/profiles.ts';
import { descriptions } from '../../src/settings/config-descriptions.ts';
import type { MemberPath } from '../../src/settings/member-path.ts';
import { helpText, wantsHelp } from '../../src/settings/options.ts';
import { readSettings, type Settings } from '../../src/settings/settings.ts';

interface Given {
  readonly environment?: Readonly<Record<string, string>>;
  readonly config?: unknown;
}

function answer(argv: readonly string[], { environment = {}, config }: Given = {}) {
  const readFile = (path: string): string => {
    assert.equal(path, '/home/ada/conf/postern.json');
    return typeof config === 'string' ? config : JSON.stringify(config);
  };
  const file = config === undefined ? [] : ['--config', 'conf/postern.json'];
  return readSettings({ argv: [...argv, ...file], environment, readFile, folder: '/home/ada' });
}

function accepted(argv: readonly string[], given?: Given): Settings {
  const read = answer(argv, given);
  assert.ok(read.ok, read.ok ? '' : read.message);
  return read.settings;
}

function refusedWith(argv: readonly string[], given?: Given): string {
  const read = answer(argv, given);
  assert.ok(!read.ok, `accepted: ${argv.join(' ')}`);
  return read.message;
}

const client = { clientId: '0F0E0D0C-0b0a-0908-0706-050403020100', secret: 's3cret' };
const site = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app';
const vnet = '11111111-2222-3333-4444-555555555555';

test('without options it serves loopback on 8443, with the data folder in the current one and the loopback NAT table', () => {
  const { port, listen, dataFolder, domain, json, nat, rules, user, acceptDeclared, demo, clients } = accepted([]);
  assert.deepEqual(
    { port, listen, dataFolder, domain, json, nat, rules, user, acceptDeclared, demo, clients },
    {
      port: 8443,
      listen: ['127.0.0.1', '::1'],
      dataFolder: '/home/ada/postern-data',
      domain: 'localhost',
      json: false,
      nat: [
        { from: '127.0.0.0/24', to: '203.0.113.0/24' },
        { from: '::1', to: '203.0.113.1' },
      ],
      rules: 'documented',
      user: undefined,
      acceptDeclared: false,
      demo: true,
      clients: [],
    },
  );
});

test('every option is read', () => {
  const line =
    '--port 0 --listen=127.0.0.5 --listen 0:0:0:0:0:0:0:1 --data /srv/vault --json --domain vaults.example.org ' +
    '--rules current --user postern --accept-declared --no-demo --nat 127.0.0.5=203.0.113.5 --nat ::1=2001:db8::1';
  const settings = accepted(line.split(' '));
  assert.equal(settings.port, 0);
  assert.deepEqual(settings.listen, ['127.0.0.5', '::1']);
  assert.equal(settings.dataFolder, '/srv/vault');
  assert.equal(settings.domain, 'vaults.example.org');
  assert.ok(settings.json && settings.acceptDeclared && !settings.demo);
  assert.equal(settings.rules, 'current');
  assert.equal(settings.user, 'postern');
  assert.deepEqual(settings.nat, [
    { from: '127.0.0.5/32', to: '203.0.113.5/32' },
    { from: '::1', to: '2001:db8::1' },
  ]);
  assert.equal(accepted(['--memory']).dataFolder, undefined);
  assert.equal(accepted([]).publicPort, undefined);
  assert.equal(accepted(['--public-port', '443']).publicPort, 443);
  assert.equal(accepted(['--public-port', 'any']).publicPort, 'any');
});

test('the NAT table is off by default if a listener is not on loopback, and on when requested', () => {
  assert.deepEqual(accepted(['--listen', '127.0.0.1', '--listen', '0.0.0.0']).nat, []);
  assert.deepEqual(accepted(['--listen', '::']).nat, []);
  assert.deepEqual(accepted(['--nat', 'none']).nat, []);
  assert.equal(accepted(['--listen', '0.0.0.0', '--nat', '10.0.0.0/8=203.0.0.0/8']).nat.length, 1);
});

test('an option that is unknown, incomplete, repeated or out of range is refused with its name and the rule', () => {
  const refusals: readonly (readonly [argv: readonly string[], reason: RegExp])[] = [
    [['--prot', '1'], /^the option --prot is not known\. Did you mean --port\? Known: --port, --listen, /],
    [['--portable-hole', '1'], /^the option --portable-hole is not known\. Known: /],
    [['-p', '1'], /^the option -p is not known/],
    [['now'], /^postern start takes options only; "now" is not one/],
    [['--port'], /^the option --port needs a value: --port N\.$/],
    [['--data', '--json'], /^the option --data needs a value: --data DIR\.$/],
    [['--data='], /^the option --data needs a value/],
    [['--json=yes'], /^the option --json takes no value/],
    [['--port', '1', '--port', '2'], /^the option --port was given more than once/],
    [['--port', '65536'], /^--port: 65536 is not a whole number from 0 to 65535\.$/],
    [['--port', '0x10'], /^--port: "0x10" is not a whole number/],
    [['--listen', 'localhost'], /^--listen: "localhost" is not an IP address/],
    [['--listen', '127.0.0.1:80'], /is not an IP address without a port/],
    [['--listen', '::1', '--listen', '0:0::1'], /^--listen: the address ::1 was given more than once/],
    [['--memory', '--data', 'x'], /^--memory and --data x cannot be used together/],
    [['--domain', 'Example.org'], /is not in lower case: write example\.org/],
    [['--domain', 'a..b'], /is not a DNS name/],
    [['--domain', '10.0.0.1'], /is an IP address, not a domain name/],
    [['--domain', `${'a.'.repeat(111)}b`], /is not a DNS name of at most 222 characters/],
    [['--log-level', 'trace'], /^--log-level: "trace" must be one of: error, warn, info, debug\.$/],
    [['--public-port', '0'], /^--public-port: "0" is neither a port from 1 to 65535 nor "any"\.$/],
    [['--public-port', '65536'], /^--public-port: 65536 is neither/],
    [['--public-port', '0443'], /^--public-port: "0443" is neither/],
    [['--public-port', '1e3'], /^--public-port: "1e3" is neither/],
    [['--public-port', 'Any'], /^--public-port: "Any" is neither/],
    [['--public-port', '8443:18443'], /^--public-port: "8443:18443" is neither/],
    [['--public-port'], /^the option --public-port needs a value: --public-port N\|any\.$/],
    [['--rules', 'strict'], /^--rules: "strict" must be one of: documented, current\.$/],
    [['--nat', '127.0.0.0/24'], /must be CIDR=CIDR/],
    [['--nat', '127.0.0.0/24=203.0.113.0/25'], /must have the same prefix length on both sides/],
    [
      ['--nat', '127.0.0.1/24=203.0.113.0/24'],
      /must be an IPv4 range or an IP address; the network of that address is 127\.0\.0\.0\/24/,
    ],
    [['--nat', '::/64=::/64'], /must be an IPv4 range or an IP address, such as 192/],
    [['--nat', 'none', '--nat', '::1=::2'], /^--nat none cannot be used together with other --nat options/],
  ];
  for (const [argv, reason] of refusals) assert.match(refusedWith(argv), reason);
});

test('the configuration file is read, and its paths are relative to its own folder', () => {
  const settings = accepted([], {
    config: {
      clients: [
        { ...client, certificate: 'app.pem', groups: [vnet] },
        { clientId: vnet, managedIdentity: '/x', workloads: [{ subnet: vnet.toUpperCase(), address: '10.0.0.4' }] },
      ],
      users: [{ userPrincipalName: 'ada@contoso.example', password: 's3cret' }],
      issuers: [
        { issuer: 'https://id.example/', tenantId: vnet, audiences: ['a'], jwksUri: 'https://id.example/keys' },
      ],
      gateways: {
        tls: { listen: '[::1]:8444', clientCa: 'ca.pem' },
        unix: [{ vnet, path: '/run/gateway/in.sock' }],
      },
      loadBalancers: [{ listen: '0.0.0.0:8445', from: ['192.0.2.0/24', '2001:DB8::1'], version: 'any' }],
      limits: { ipRules: 10 },
      softDelete: { transitionMs: 0 },
      certificates: { issueMs: 0 },
      audit: { fsync: true, maxBytes: 1_000_000, files: 3, keepDays: 7 },
      masterKeyFile: '../key',
    },
  });
  const { clients, users, gateways, loadBalancers, limits, softDelete, certificates, audit, masterKeyFile } = settings;
  assert.equal(clients[0]?.clientId, client.clientId.toLowerCase());
  assert.equal(clients[0]?.certificate, '/home/ada/conf/app.pem');
  assert.deepEqual(clients[1]?.workloads, [{ subnet: vnet, address: '10.0.0.4' }]);
  assert.deepEqual(
    users.map(({ userPrincipalName, groups }) => [userPrincipalName, groups]),
    [['ada@contoso.example', []]],
  );
  assert.deepEqual(gateways?.tls?.listen, { address: '::1', port: 8444 });
  assert.equal(gateways?.tls?.clientCa, '/home/ada/conf/ca.pem');
  assert.deepEqual(gateways?.unix, [{ vnet, path: '/run/gateway/in.sock' }]);
  assert.deepEqual(loadBalancers, [
    { listen: { address: '0.0.0.0', port: 8445 }, from: ['192.0.2.0/24', '2001:db8::1'], version: 'any' },
  ]);
  assert.equal(limits?.ipRules, 10);
  assert.equal(softDelete?.transitionMs, 0);
  assert.equal(certificates?.issueMs, 0);
  assert.deepEqual(audit, { fsync: true, maxBytes: 1_000_000, files: 3, keepDays: 7 });
  assert.equal(masterKeyFile, '/home/ada/key');
});

const everyOption = {
  port: 0,
  listen: ['127.0.0.5', '0:0:0:0:0:0:0:1'],
  data: '../vault',
  domain: 'vaults.example.org',
  publicPort: 443,
  json: true,
  logLevel: 'debug',
  nat: ['127.0.0.5=203.0.113.5'],
  rules: 'current',
  user: 'postern',
  acceptDeclared: true,
  demo: false,
};

test('every option may be in the configuration file', () => {
  const settings = accepted([], { config: everyOption });
  const { data: _data, ...others } = everyOption;
  const read = {
    ...others,
    listen: ['127.0.0.5', '::1'],
    listenByDefault: false,
    // From the folder of the file, where on the command line it is from the working directory.
    dataFolder: '/home/ada/vault',
    nat: [{ from: '127.0.0.5/32', to: '203.0.113.5/32' }],
  };
  assert.deepEqual({ ...settings, ...read }, settings);
  assert.deepEqual(accepted([], { config: { nat: [] } }).nat, []);
  assert.deepEqual(accepted([], { config: { listen: ['0.0.0.0'] } }).nat, []);
  assert.equal(accepted([], { config: { memory: true } }).dataFolder, undefined);
  assert.equal(accepted([], { config: { demo: true, memory: false } }).demo, true);
});

test('an option wins over the file', () => {
  const line =
    '--port 1 --listen 127.0.0.6 --data d --domain other.example --log-level warn --rules documented --user ada --no-demo ' +
    '--nat none --public-port any';
  const settings = accepted(line.split(' '), { config: { ...everyOption, demo: true } });
  assert.equal(settings.port, 1);
  assert.deepEqual(settings.listen, ['127.0.0.6']);
  assert.equal(settings.dataFolder, '/home/ada/d');
  assert.equal(settings.domain, 'other.example');
  assert.equal(settings.logLevel, 'warn');
  assert.equal(settings.rules, 'documented');
  assert.equal(settings.user, 'ada');
  assert.equal(settings.publicPort, 'any');
  assert.equal(settings.demo, false);
  assert.deepEqual(settings.nat, []);
  assert.equal(accepted(['--memory'], { config: { data: 'd' } }).dataFolder, undefined);
  assert.equal(accepted(['--data', 'd'], { config: { memory: true } }).dataFolder, '/home/ada/d');
});

test('a byte order mark before the configuration is ignored', () => {
  assert.equal(accepted([], { config: '\uFEFF{"audit":{"files":3}}' }).audit?.files, 3);
});

test('an unknown or invalid member of the configuration file is refused with its path', () => {
  const issuer = {
    issuer: 'https://id.example/',
    tenantId: vnet,
    audiences: ['a'],
    jwksUri: 'https://id.example/keys',
  };
  assert.equal(
    accepted([], { config: JSON.stringify({ issuers: [{ ...issuer, jwksUri: undefined }] }) }).issuers.length,
    1,
  );
  const balancer = { listen: '127.0.0.1:1', from: ['127.0.0.1'], version: 2 };
  const refusals: readonly (readonly [config: unknown, reason: RegExp])[] = [
    ['{', /postern\.json: the file is not valid JSON \(line 1, column 2\)\.$/],
    ['{\n  "users": [x]\n}', /not valid JSON \(line 2, column 13\)\.$/],
    ['\uFEFF{\n  "users": [],\n}', /not valid JSON \(line 3, column 1\)\.$/],
    ['{ "domain": "a\nb" }', /not valid JSON \(line 1, column 15\)\.$/],
    ['{} {}', /not valid JSON \(line 1, column 4\)\.$/],
    ['', /postern\.json: the file is empty/],
    [[], /postern\.json: \[\] is not a JSON object/],
    [{ port: '8443' }, /postern\.json: port: "8443" is not a whole number from 0 to 65535\.$/],
    [{ port: 65_536 }, /postern\.json: port: 65536 is not a whole number from 0 to 65535\.$/],
    [{ listen: '127.0.0.1' }, /postern\.json: listen: "127\.0\.0\.1" is not a JSON array\.$/],
    [{ listen: [] }, /listen: \[\] must not be empty/],
    [{ listen: ['::1', '0::1'] }, /postern\.json: listen: the address ::1 appears twice\.$/],
    [{ listen: ['localhost'] }, /listen\[0\]: "localhost" is not an IP address/],
    [{ memory: true, data: 'd' }, /postern\.json: memory and data \(\S+conf\/d\) cannot be used together/],
    [{ domain: 'Example.org' }, /domain: "Example\.org" is not in lower case: write example\.org/],
    [{ logLevel: 'verbose' }, /logLevel: "verbose" must be one of: error, warn, info, debug\.$/],
    [{ publicPort: '443' }, /publicPort: "443" is neither a port from 1 to 65535 nor "any"\.$/],
    [{ publicPort: 0 }, /publicPort: 0 is neither/],
    [{ publicPort: 443.5 }, /publicPort: 443\.5 is neither/],
    [{ publicPort: ['any'] }, /publicPort: an array is neither/],
    [{ nat: ['none'] }, /nat\[0\]: "none" must be CIDR=CIDR/],
    [{ rules: 'strict' }, /rules: "strict" must be one of: documented, current\.$/],
    [{ user: 61_043 }, /user: 61043 must be a non-empty string\.$/],
    [{ prune: true }, /^prune in the configuration file removes what a seed does not name: give seed with it\.$/],
    [{ acceptCopy: true }, /the member acceptCopy is not known\./],
    [{ config: 'other.json' }, /the member config is not known\./],
    [{ 'accept-declared': true }, /the member accept-declared is not known\. Did you mean acceptDeclared\?/],
    [{ issuers: [{ ...issuer, issuer: '' }] }, /json: issuers\[0\]\.issuer: "" must be a non-empty string/],
    [
      { publicAddressPool: '198.51.100.0/33' },
      /: publicAddressPool: .* must be an IPv4 range with a prefix from 0 to 32/,
    ],
    [{ publicAddressPool: '10.0.0.0/8' }, /"10\.0\.0\.0\/8" must be between \/16 and \/30\.$/],
    [{ client: [] }, /postern\.json: the member client is not known\. Did you mean clients\? Known: clients, /],
    [
      { clients: [{ ...client, secrets: 'x' }] },
      /clients\[0\]: the member secrets is not known\. Did you mean secret\?/,
    ],
    [{ clients: [{ clientId: vnet }] }, /clients\[0\]: the client has no credential: give it a secret, a certificate/],
    [{ clients: [client, { ...client, clientId: client.clientId.toLowerCase() }] }, /clientId 0f0e.* appears twice/],
    [{ clients: [{ clientId: vnet, publicClient: false }] }, /or set publicClient to true\.$/],
    [
      { clients: [{ ...client, identityHeader: 'h'.repeat(32) }] },
      /identityHeader and workloads need a managedIdentity/,
    ],
    [
      { clients: [{ clientId: vnet, managedIdentity: '/x', identityHeader: 'h'.repeat(31) }] },
      /clients\[0\]\.identityHeader must have at least 32 characters: make a random one/,
    ],
    [
      { clients: [{ clientId: vnet, managedIdentity: '/x', workloads: [{ subnet: vnet, address: 'x' }] }] },
      /workloads\[0\]\.address: "x" is not an IP address/,
    ],
    [
      { workloads: [{ resourceId: '/x', identityHeader: 'h'.repeat(32) }] },
      /workloads\[0\]\.resourceId: "\/x" must be the ARM id/,
    ],
    [{ workloads: [{ resourceId: site }] }, /workloads\[0\]: the workload needs an identityHeader, addresses or both/],
    [
      { workloads: [{ resourceId: site, identityHeader: 'h' }] },
      /workloads\[0\]\.identityHeader must have at least 32/,
    ],
    [{ users: [{ userPrincipalName: 'ada@x' }] }, /users\[0\]\.password is missing\.$/],
    [
      { users: ['ada@x', 'ADA@x'].map((userPrincipalName) => ({ userPrincipalName, password: 's3cret' })) },
      /users: the userPrincipalName ada@x appears twice/,
    ],
    [{ clients: [{ ...client, clientId: 'x' }] }, /clients\[0\]\.clientId: "x" is not a GUID/],
    [{ issuers: [issuer, issuer] }, /issuer https:\/\/id\.example\/ appears twice/],
    [{ issuers: [{ ...issuer, jwksUri: 'http://id.example/keys' }] }, /jwksUri: .* must be an https:\/\/ URL/],
    [
      { issuers: [{ ...issuer, issuer: 'realm', jwksUri: undefined }] },
      /issuers\[0\]: without jwksUri the issuer must be an https:\/\/ URL, where its discovery document is found/,
    ],
    [{ issuers: [{ ...issuer, issuer: 'http://id.example', jwksUri: undefined }] }, /issuers\[0\]: without jwksUri/],
    [{ issuers: [{ ...issuer, tenantId: undefined }] }, /issuers\[0\]\.tenantId is missing\.$/],
    [{ tls: [{ certificate: 'a.pem' }] }, /tls\[0\]\.key is missing\.$/],
    [{ tls: { certificate: 'a.pem', key: 'b.pem' } }, /: tls: an object is not a JSON array\.$/],
    [{ gateways: { tls: { clientCa: 'ca.pem' } } }, /gateways\.tls\.listen is missing\.$/],
    ...['certificate', 'key'].map(
      (half) =>
        [
          { gateways: { tls: { listen: '127.0.0.1:1', [half]: 'a.pem' } } },
          /gateways\.tls: certificate and key belong together: give both, or neither for the certificate of the server\.$/,
        ] as const,
    ),
    [{ loadBalancers: [{ ...balancer, from: [] }] }, /from: \[\] must not be empty/],
    [{ loadBalancers: [{ ...balancer, version: 3 }] }, /version: 3 must be one of: 1, 2, any/],
    [{ loadBalancers: [{ ...balancer, listen: '::1:80' }] }, /put an IPv6 address in brackets/],
    [{ limits: { ipRules: -1 } }, /limits\.ipRules: -1 is not a whole number from 0 to 100000/],
    [{ keys: { threads: 0 } }, /keys\.threads: 0 is not a whole number from 1 to 64/],
    [{ certificates: { issueMs: -1 } }, /certificates\.issueMs: -1 is not a whole number from 0 to 600000/],
    [{ softDelete: { transitionMs: 0.5 } }, /softDelete\.transitionMs: 0\.5 is not a whole number from 0 to 600000/],
    [{ audit: { fsync: 'yes' } }, /audit\.fsync: "yes" must be true or false/],
    [
      { audit: { storageAccounts: [{ name: 'Sec-Logs', credential: 'a2V5a2V5a2V5a2V5' }] } },
      /audit\.storageAccounts\[0\]\.name: "Sec-Logs" must be 3 to 24 lower-case letters and digits/,
    ],
    [
      { audit: { storageAccounts: [{ name: 'seclogs', credential: 'not-to-be-shown' }] } },
      /credential must be a key of the account in base64, or a shared access signature/,
    ],
    [
      {
        audit: {
          storageAccounts: [{ name: 'seclogs', endpoint: 'http://192.0.2.1', credential: 'sig=not-to-be-shown' }],
        },
      },
      /endpoint: "http:\/\/192\.0\.2\.1" must be an https:\/\/ URL/,
    ],
    [
      { audit: { storageAccounts: ['a', 'b'].map((sig) => ({ name: 'seclogs', credential: `sig=${sig}` })) } },
      /the name seclogs appears twice/,
    ],
  ];
  for (const [config, reason] of refusals) assert.match(refusedWith([], { config }), reason);
});

test('an address of a sink with a secret in it, and a value that no request can have, are refused and not shown', () => {
  const hidden = 'not-to-be-shown';
  const account = (members: object) => ({
    storageAccounts: [{ name: 'seclogs', credential: 'sig=ab%3D', ...members }],
  });
  const collector = (value: string, endpoint = 'https://c.example/v1/logs') => ({
    otlp: [{ name: 'elastic', endpoint, headers: [{ name: 'Authorization', value }] }],
  });
  const refusals: readonly (readonly [audit: object, reason: RegExp])[] = [
    [account({ endpoint: `https://op:${hidden}@a.example` }), /\.endpoint must not contain a user name or a password/],
    [account({ endpoint: `https://${hidden}@a.example` }), /\.endpoint must not contain a user name or a password/],
    [
      account({ endpoint: `https://a.example/?sig=${hidden}` }),
      /\.endpoint must not have a query: a signature belongs/,
    ],
    [account({ endpoint: `https://a.example/#${hidden}` }), /\.endpoint must not have a fragment/],
    [account({ endpoint: `http://a.example/?sig=${hidden}` }), /\.endpoint: "http:\/\/a\.example" must be an https:/],
    [account({ endpoint: `op:${hidden}@a.example` }), /\.endpoint: "op:\/\/" must be an https:/],
    [collector('a', `https://op:${hidden}@c.example`), /\.endpoint must not contain a user name or a password/],
    [collector(`${hidden}\r\nx: y`), /\.headers\[0\]\.value must not contain a line break/],
    [collector(`${hidden}\u2028`), /\.headers\[0\]\.value must not contain a line break/],
    [account({ credential: `sv=${hidden}&sig=` }), /\.credential must be a key of the account in base64, or a shared/],
    [
      account({ credential: `sv=1&sig=${hidden}\n` }),
      /\.credential must be a key of the account in base64, or a shared/,
    ],
  ];
  for (const [audit, reason] of refusals) {
    const message = refusedWith([], { config: { audit } });
    assert.match(message, reason);
    assert.doesNotMatch(message, new RegExp(hidden));
  }
  const near = [
    account({ endpoint: 'https://a.example/path/@b', credential: '?sv=1&sig=ab%3D&se=2' }),
    account({ endpoint: 'http://127.0.0.1:10000/devstoreaccount1' }),
    collector('ApiKey \t§'),
  ];
  for (const audit of near) accepted([], { config: { audit } });
});

test('a file that cannot be read is refused with the reason', () => {
  const readFile = (): never => {
    throw new Error('ENOENT: no such file');
  };
  const read = readSettings({ argv: ['--config', 'x'], environment: {}, readFile, folder: '/' });
  assert.match(read.ok ? '' : read.message, /^--config: the file cannot be read: ENOENT/);
});

test('the master key comes from the environment or a file, not both, and no message shows a secret', () => {
  const environment = { POSTERN_MASTER_KEY: 'key-one', POSTERN_MASTER_KEY_PREVIOUS: 'key-two' };
  const settings = accepted([], { environment });
  assert.equal(settings.masterKey, 'key-one');
  assert.equal(settings.previousMasterKey, 'key-two');
  const messages = [
    refusedWith([], { environment, config: { masterKeyFile: 'key' } }),
    refusedWith([], { config: '{"clients":[{"secret":"s3cret"' }),
    refusedWith([], { config: { clients: [{ ...client, secret: ['s3cret'] }] } }),
    refusedWith([], { config: { users: [{ userPrincipalName: 'a@b', password: ['s3cret'] }] } }),
    refusedWith([], { config: { clients: [{ ...client, managedIdentity: '/x', identityHeader: 's3cret' }] } }),
  ];
  assert.match(messages[0] ?? '', /cannot be used together/);
  for (const message of messages) assert.doesNotMatch(message, /key-one|key-two|s3cret/);
  assert.match(refusedWith([], { environment: { POSTERN_MASTER_KEY: '' } }), /^POSTERN_MASTER_KEY is set but empty/);
});

test('the settings are deeply frozen', () => {
  const settings = accepted([], { config: { clients: [client] } });
  assert.ok(Object.isFrozen(settings) && Object.isFrozen(settings.nat[0]) && Object.isFrozen(settings.clients[0]));
});

test('the help names every option and fits a terminal', () => {
  assert.ok(wantsHelp(['--help']) && wantsHelp(['--port', '1', '-h']) && !wantsHelp(['--port', '1']));
  for (const option of ['--port N', '--nat CIDR=CIDR', '--no-demo', 'POSTERN_MASTER_KEY']) {
    assert.ok(helpText.includes(option), option);
  }
  for (const line of helpText.split('\n')) assert.ok(line.length <= 100, line);
});

test('the contents of a misplaced object or array are not shown: they may include a password', () => {
  const users = [{ userPrincipalName: 'ada@example.com', password: 'not-to-be-shown' }];
  const rows: readonly (readonly [config: unknown, reason: RegExp])[] = [
    [{ softDelete: users }, /: softDelete: an array is not a JSON object\.$/],
    [{ users: users[0] }, /: users: an object is not a JSON array\.$/],
    [{ users: null }, /: users: null is not a JSON array\.$/],
    [
      { users: [{ userPrincipalName: users, password: 'a' }] },
      /userPrincipalName: an array must be a non-empty string/,
    ],
  ];
  for (const [config, reason] of rows) {
    const message = refusedWith([], { config });
    assert.match(message, reason);
    assert.doesNotMatch(message, /not-to-be-shown/);
  }
});

test('a URL with an impossible host is refused', () => {
  const jwksUri = `https://a.${'Cp.example.'.repeat(1_800)}com/`;
  const issuers = [{ issuer: 'i', tenantId: vnet, audiences: ['a'], jwksUri }];
  assert.ok(refusedWith([], { config: { issuers } }).includes(' must be an https:// URL '));
});

test('docs/reference/configuration.md names every member, and its example is read', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/reference/configuration.md'), 'utf8');
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  assert.equal(accepted([], { config: example }).audit?.keepDays, 90);
  const unknown = { '?': 0 };
  const places: readonly object[] = [
    unknown,
    { clients: [unknown] },
    { clients: [{ clientId: vnet, redirectUris: unknown }] },
    { clients: [{ clientId: vnet, federatedCredentials: [unknown] }] },
    { users: [unknown] },
    { workloads: [unknown] },
    { gateways: unknown },
    { gateways: { tls: unknown } },
    { gateways: { unix: [unknown] } },
    { tls: [unknown] },
    { loadBalancers: [unknown] },
    { health: unknown },
    { audit: { storageAccounts: [unknown] } },
    { audit: { otlp: [unknown] } },
    { audit: { otlp: [{ name: 'a', endpoint: 'https://b.example', headers: [unknown] }] } },
    ...['store', 'limits', 'softDelete', 'throttling', 'certificates', 'keys', 'audit'].map((name) => ({
      [name]: unknown,
    })),
  ];
  const shown = new Set(Array.from(text.matchAll(/`(?:[\w.[\]]+\.)?(\w+)`/g), ([, name]) => name));
  for (const config of places) {
    const [, known = ''] = /the member \? is not known\. Known: (.*)\.$/.exec(refusedWith([], { config })) ?? [];
    assert.notEqual(known, '', JSON.stringify(config));
    for (const name of known.split(', ')) if (name !== 'audit') assert.ok(shown.has(name), `${name} is missing`);
  }
});

test('the reference states the numbers that hold where the file gives none', () => {
  const stated = (path: MemberPath) => descriptions[path].default;
  const inDigits = (number: number) => number.toLocaleString('en-US');
  for (const [name, limit] of Object.entries(documentedLimits)) {
    const path = Object.keys(descriptions).find((member): member is MemberPath => member === `throttling.${name}`);
    assert.equal(path && stated(path), inDigits(limit), name);
  }
  const { documented, current } = ruleProfiles;
  const either = (one: number, other: number) => `${inDigits(one)}, or ${inDigits(other)} with \`--rules current\``;
  assert.equal(stated('limits.ipRules'), either(documented.ipRulesMax, current.ipRulesMax));
  assert.equal(
    stated('limits.virtualNetworkRules'),
    either(documented.virtualNetworkRulesMax, current.virtualNetworkRulesMax),
  );
});

test('a seed is read with the rules of the settings, and is refused by its path', () => {
  const read = (seed: unknown, ...more: readonly string[]) =>
    readSettings({
      argv: ['--seed', 'conf/world.json', ...more],
      environment: {},
      readFile(path) {
        assert.equal(path, '/home/ada/conf/world.json');
        return typeof seed === 'string' ? seed : JSON.stringify(seed);
      },
      folder: '/home/ada',
    });
  const range = { vaults: { app: { rules: { defaultAction: 'Deny', ipRules: ['203.0.113.8/31'] } } } };
  const current = read(range, '--rules', 'current', '--prune');
  assert.ok(current.ok);
  const { file, seed, prune } = current.settings.seed ?? {};
  assert.deepEqual([file, Object.keys(seed?.vaults ?? {}), prune], ['/home/ada/conf/world.json', ['app'], true]);
  const documented = read(range);
  assert.match(
    documented.ok ? '' : documented.message,
    /^\/home\/ada\/conf\/world\.json: Invalid value found at vaults\.app\.rules\.ipRules\[0\]: 203\.0\.113\.8\/31 is a small range/,
  );
  const broken = read('{');
  assert.match(
    broken.ok ? '' : broken.message,
    /world\.json: the file cannot be read: it is not valid JSON \(line \d+, column \d+\)\.$/,
  );
  assert.equal(refusedWith(['--prune']), '--prune removes what a seed does not name: give --seed FILE with it.');
  assert.equal(accepted([]).seed, undefined);
});
