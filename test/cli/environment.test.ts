import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connection } from '../../src/cli/connection.ts';
import { changed, environmentChange, javaEnvironment } from '../../src/cli/run/environment.ts';
import type { EnvironmentInput } from '../../src/cli/run/environment.ts';
import { identityNamed } from '../../src/cli/run/identity.ts';
import { localAddressFor } from '../../src/cli/seen-address.ts';

const site = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop';
const connection: Connection = {
  home: 'https://postern.test:8443',
  vaultSuffix: '.vault.postern.test:8443',
  tenantId: 't',
  subscriptionId: 's',
  clientId: 'c',
  clientSecret: 'x',
  caFile: '/data/ca.pem',
  fabricCaFile: '/data/fabric-ca.pem',
  dataDir: '/data',
  controlSocket: '/run/sock',
  address: '127.0.0.1',
  hostsFile: '/data/hosts',
  nat: [
    { from: '127.0.0.0/24', to: '203.0.113.0/24' },
    { from: '::1', to: '203.0.113.1' },
  ],
  identities: [
    { name: 'developer', identityHeader: 'd' },
    { name: 'worker', identityHeader: 'w', clientId: 'user-assigned' },
    { name: site, identityHeader: 'h' },
  ],
};

function change(inherited: EnvironmentInput['inherited'], as?: string) {
  return environmentChange({
    inherited,
    connection,
    identity: identityNamed(connection, as),
    rootsWith: (base) => `${base ?? 'system'}+own`,
    extraWith: (base) => `${base ?? 'none'}+own`,
  });
}

describe('the environment of a program', () => {
  it('has the managed identity of App Service and, beside the roots that it would have, our own', () => {
    assert.deepEqual(change({}).set, {
      IDENTITY_ENDPOINT: 'https://postern.test:8443/msi/token',
      IDENTITY_HEADER: 'd',
      SSL_CERT_FILE: 'system+own',
      REQUESTS_CA_BUNDLE: 'system+own',
      NODE_EXTRA_CA_CERTS: 'none+own',
      NO_PROXY: 'postern.test,.postern.test,127.0.0.1',
      no_proxy: 'postern.test,.postern.test,127.0.0.1',
    });
  });

  it('keeps the roots and the names without proxy that it inherits, each in its own variable', () => {
    const { set } = change({ SSL_CERT_FILE: '/a', NODE_EXTRA_CA_CERTS: '/b', NO_PROXY: 'intern, 127.0.0.1' });
    assert.equal(set['SSL_CERT_FILE'], '/a+own');
    assert.equal(set['REQUESTS_CA_BUNDLE'], 'system+own');
    assert.ok(!('CURL_CA_BUNDLE' in set));
    const forCurl = change({ CURL_CA_BUNDLE: '/c' }).set;
    assert.deepEqual([forCurl['CURL_CA_BUNDLE'], forCurl['REQUESTS_CA_BUNDLE']], ['/c+own', '/c+own']);
    assert.equal(set['NODE_EXTRA_CA_CERTS'], '/b+own');
    assert.equal(set['NO_PROXY'], 'intern,127.0.0.1,postern.test,.postern.test');
    assert.equal(set['no_proxy'], 'postern.test,.postern.test,127.0.0.1');
  });

  it('loses what leads to another identity, and keeps what only the application reads', () => {
    const inherited = {
      AZURE_CLIENT_ID: 'other',
      AZURE_TENANT_ID: 'other',
      MSI_ENDPOINT: 'http://other',
      IDENTITY_HEADER: 'other',
      AZURE_KEYVAULT_URL: 'https://open',
      PATH: '/bin',
    };
    const made = changed(inherited, change(inherited));
    assert.deepEqual(
      Object.keys(made).filter((name) => name.startsWith('AZURE_') || name.startsWith('MSI_')),
      ['AZURE_KEYVAULT_URL'],
    );
    assert.equal(made['IDENTITY_HEADER'], 'd');
    assert.equal(made['PATH'], '/bin');
  });

  it('names a user-assigned identity, which DefaultAzureCredential takes from AZURE_CLIENT_ID', () => {
    const inherited = { AZURE_CLIENT_ID: 'other', AZURE_CLIENT_SECRET: 'other' };
    const { set, unset } = change(inherited, 'worker');
    assert.equal(set['AZURE_CLIENT_ID'], 'user-assigned');
    assert.deepEqual(unset, ['AZURE_CLIENT_SECRET']);
  });
});

describe('the file of roots of a Java that keeps its own', () => {
  const options = (given: string | undefined, store = '/roots.jks') =>
    javaEnvironment({ JAVA_TOOL_OPTIONS: given }, store)['JAVA_TOOL_OPTIONS'];

  it('is named behind the options that it inherits', () => {
    assert.equal(options(undefined), '-Djavax.net.ssl.trustStore=/roots.jks');
    assert.equal(options('-Xmx64m'), '-Xmx64m -Djavax.net.ssl.trustStore=/roots.jks');
    assert.equal(options('', '/my roots.jks'), '-Djavax.net.ssl.trustStore="/my roots.jks"');
  });

  it('is the one that they name already', () => {
    assert.equal(options('-Djavax.net.ssl.trustStore=/mine'), undefined);
    assert.match(options('-Djavax.net.ssl.trustStoreType=jks') ?? '', /=\/roots\.jks$/);
  });
});

describe('the identity --as NAME', () => {
  const named = (name?: string) => identityNamed(connection, name).identityHeader;

  it('is found by its name, and that of a resource by the last segment of its id, in any case', () => {
    assert.deepEqual([named(), named('Worker'), named(site.toUpperCase()), named('SHOP')], ['d', 'w', 'h', 'h']);
  });

  it('is refused where there is none, or more than one', () => {
    const two = { ...connection, identities: [...connection.identities, { name: `/other/shop`, identityHeader: 'o' }] };
    assert.throws(() => identityNamed(two, 'shop'), { message: "More than one identity is called 'shop'." });
    assert.throws(() => named('sho'), {
      message: "There is no identity 'sho' for a program.",
      hint: `There are: developer, worker, ${site}. One with an identityHeader in the configuration file is one, too.`,
    });
  });
});

describe('the address that a vault sees', () => {
  const from = (seen: string) => localAddressFor(seen, connection);

  it('is given by the NAT table, read backwards', () => {
    assert.deepEqual(
      [from('203.0.113.0'), from('203.0.113.7'), from('203.0.113.255')],
      ['127.0.0.0', '127.0.0.7', '127.0.0.255'],
    );
  });

  it('is its own where no line gives or takes it', () => {
    assert.equal(from('127.0.1.7'), '127.0.1.7');
    assert.throws(() => from('203.0.114.7'), {
      message:
        'No request is seen as coming from 203.0.114.7: it is not an address of this machine, and the NAT table has 203.0.113.0/24, 203.0.113.1 only.',
    });
    assert.equal(localAddressFor('127.0.0.7', { ...connection, nat: [] }), '127.0.0.7');
  });

  it('is refused where the vault would see another one, which is named', () => {
    assert.throws(() => from('127.0.0.7'), {
      message: 'No request is seen as coming from 127.0.0.7: the NAT table shows the vault 203.0.113.7 instead.',
      hint: 'Use --from 203.0.113.7, the address that the vault sees, or --local-address 127.0.0.7, the one to connect from.',
    });
    assert.throws(() => from('::1'), { message: /the NAT table shows the vault 203\.0\.113\.1 instead/ });
    assert.throws(() => from('localhost'), { message: '--from localhost is not an IP address.' });
  });
});
