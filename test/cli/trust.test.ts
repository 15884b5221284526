import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { trustRefusal } from '../../src/cli/trust/authorities.ts';
import { lineFor } from '../../src/cli/trust/other-systems.ts';
import { entriesIn, planFor } from '../../src/cli/trust/plan.ts';
import type { NameConstraints } from '../../src/crypto/certificates/name-constraints.ts';

const everyIpv4 = Buffer.alloc(8);
const everyIpv6 = Buffer.alloc(32);
const ours: NameConstraints = {
  critical: true,
  permittedDnsNames: ['postern.test'],
  excludedAddresses: [everyIpv4, everyIpv6],
};
const refusalOf = (change: Partial<NameConstraints>) =>
  trustRefusal({ isAuthority: true, constraints: { ...ours, ...change }, domain: 'postern.test' });

describe('an authority', () => {
  it('is trusted when it can certify the domain and names below it, and nothing else', () => {
    assert.equal(refusalOf({}), undefined);
    assert.equal(refusalOf({ permittedDnsNames: ['vault.postern.test', 'postern.test'] }), undefined);
  });

  const wider: readonly (readonly [names: readonly string[], outside: string])[] = [
    [['postern.test', 'test'], 'test'],
    [['example.org'], 'example.org'],
    [['notpostern.test'], 'notpostern.test'],
    [['postern.test.example.org'], 'postern.test.example.org'],
    [[''], ''],
    [['.test'], '.test'],
  ];
  for (const [permittedDnsNames, outside] of wider) {
    it(`is refused when it may certify ${JSON.stringify(permittedDnsNames)}`, () => {
      assert.equal(
        refusalOf({ permittedDnsNames }),
        `it may certify ${JSON.stringify(outside)}, which is not postern.test or below it`,
      );
    });
  }

  it('is refused when an address, any DNS name or any name at all is left open', () => {
    assert.equal(refusalOf({ excludedAddresses: [everyIpv4] }), 'it may certify IPv6 addresses');
    const half = Buffer.from([0, 0, 0, 0, 128, 0, 0, 0]);
    assert.equal(refusalOf({ excludedAddresses: [half, everyIpv6] }), 'it may certify IPv4 addresses');
    assert.equal(refusalOf({ permittedDnsNames: [] }), 'its name constraints permit every DNS name');
    assert.match(refusalOf({ critical: false }) ?? '', /not critical/);
    const without = { isAuthority: true, constraints: undefined, domain: 'postern.test' };
    assert.equal(trustRefusal(without), 'it has no name constraints, so it could certify any name');
    assert.match(trustRefusal({ ...without, isAuthority: false }) ?? '', /not the certificate of an authority/);
  });
});

describe('a store', () => {
  const listing = `
Certificate Nickname                                         Trust Attributes
                                                             SSL,S/MIME,JAR/XPI

Postern tenant one                                           C,,  
Postern tenant a-very-long-name-that-leaves-no-room-for-a-wide-gap-behind-it C,,
Postern tenant three                                         ,,   
Postern tenants four                                         C,,  
Company CA                                                   CT,C,C
`;
  const entries = entriesIn(listing, 'Postern tenant ');

  it('has the entries that begin with the name of the server, and their trust', () => {
    assert.deepEqual(entries, [
      { nickname: 'Postern tenant one', trust: 'C,,' },
      { nickname: 'Postern tenant a-very-long-name-that-leaves-no-room-for-a-wide-gap-behind-it', trust: 'C,,' },
      { nickname: 'Postern tenant three', trust: ',,' },
    ]);
  });

  const one = { nickname: 'one', trust: 'C,,' };
  it('is installed with exactly what is wanted, and absent without any', () => {
    assert.deepEqual(planFor([one], ['one']), { state: 'installed', add: [], remove: [] });
    assert.deepEqual(planFor([], ['one', 'two']), { state: 'absent', add: ['one', 'two'], remove: [] });
  });

  const outOfDate: readonly (readonly [
    ...Parameters<typeof planFor>,
    reason: string,
    add: string[],
    remove: string[],
  ])[] = [
    [
      [one],
      ['two'],
      'it has another certificate of this server, and it lacks a certificate of this server',
      ['two'],
      ['one'],
    ],
    [[one], ['one', 'two'], 'it lacks a certificate of this server', ['two'], []],
    [[one, { ...one, nickname: 'two' }], ['two'], 'it has another certificate of this server', [], ['one']],
    [[{ ...one, trust: ',,' }], ['one'], 'it does not trust the certificate for servers', ['one'], []],
    [[{ ...one, trust: 'T,C,C' }], ['one'], 'it does not trust the certificate for servers', ['one'], []],
  ];
  for (const [have, wanted, reason, add, remove] of outOfDate) {
    it(`with ${JSON.stringify(have)} is out of date when ${wanted.join(' and ')} is wanted`, () => {
      assert.deepEqual(planFor(have, wanted), { state: 'out of date', reason, add, remove });
    });
  }
});

describe('on a system whose stores are not changed', () => {
  const subject = () => ({ caFile: '/data/ca.pem', authorities: [{ thumbprint: 'AA' }, { thumbprint: 'BB' }] });

  it('a command prints the line for the own store of the user', () => {
    const keychain = '~/Library/Keychains/login.keychain-db';
    assert.deepEqual(
      (['install', 'remove'] as const).map((action) => lineFor('darwin', action, subject)),
      [
        `security add-trusted-cert -r trustRoot -k ${keychain} '/data/ca.pem'`,
        `security delete-certificate -t -Z AA ${keychain}\nsecurity delete-certificate -t -Z BB ${keychain}`,
      ],
    );
    assert.equal(lineFor('win32', 'install', subject), 'certutil -user -addstore Root "/data/ca.pem"');
    assert.equal(
      lineFor('win32', 'remove', subject),
      'certutil -user -delstore Root AA\ncertutil -user -delstore Root BB',
    );
  });

  it('but not on Linux', () => {
    assert.equal(lineFor('linux', 'install', subject), undefined);
  });
});
