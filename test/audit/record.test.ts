import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { auditRecord, withRecordId } from '../../src/audit/record.ts';
import type { AuditEvent, AuditRecord } from '../../src/audit/event.ts';
import { recordOf } from './log-lines.ts';
import { caller, request, subnetSource } from './request-events.ts';

const claim = {
  oid: 'aaaaaaaa-0000-0000-0000-000000000002',
  appid: 'bbbbbbbb-0000-0000-0000-000000000003',
  appidacr: '1',
  idtyp: 'app',
  amr: ['pwd', 'mfa'],
};

/** The record of `request` itself, without decisions. */
const plain: AuditRecord = {
  time: '2022-06-30T11:59:25.4110000Z',
  resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV',
  category: 'AuditEvent',
  operationName: 'SecretGet',
  operationVersion: '7.4',
  resultType: 'Success',
  resultSignature: 'OK',
  durationMs: '9',
  callerIpAddress: '203.0.113.7',
  correlationId: '1e00f8e4-0000-0000-0000-000000000006',
  identity: { claim },
  properties: {
    id: 'https://kv.vault.localhost:8443/secrets/s/4c39bacace9a49b2bd542ce61bd6f312',
    clientInfo: 'azsdk-js-keyvault-secrets/4.12.0',
    httpStatusCode: 200,
    requestUri: 'https://kv.vault.localhost:8443/secrets/s?api-version=7.4',
    tlsVersion: 'TLS1_3',
  },
};

const { identity: _identity, ...anonymous } = plain;

interface Case {
  readonly name: string;
  readonly event: Partial<AuditEvent>;
  readonly expected: AuditRecord;
}

const subnetId = '/subscriptions/s/resourcegroups/rg/providers/microsoft.network/virtualnetworks/v/subnets/app';

const cases: readonly Case[] = [
  {
    name: 'allowed by an IP rule',
    event: {
      verdict: { allowed: true, because: 'ipRule', index: 1 },
      rule: '203.0.113.0/24',
      explanation: '203.0.113.7 is in ipRules[1] (203.0.113.0/24).',
      access: { allowed: true, because: 'accessPolicy', index: 0 },
    },
    expected: {
      ...plain,
      properties: {
        ...plain.properties,
        isAccessPolicyMatch: true,
        isAddressAuthorized: true,
        addrAuthType: 'PublicIP',
        verdict: {
          allowed: true,
          because: 'ipRule',
          rule: '203.0.113.0/24',
          explanation: '203.0.113.7 is in ipRules[1] (203.0.113.0/24).',
        },
      },
    },
  },
  {
    name: 'allowed by a virtual network rule',
    event: {
      source: subnetSource,
      verdict: { allowed: true, because: 'virtualNetworkRule', index: 0 },
      rule: subnetId,
      access: { allowed: true, because: 'accessPolicy', index: 0 },
    },
    expected: {
      ...plain,
      callerIpAddress: '10.0.0.4',
      properties: {
        ...plain.properties,
        isAccessPolicyMatch: true,
        isAddressAuthorized: true,
        addrAuthType: 'Subnet',
        subnetId,
        subnetIncarnation: subnetSource.incarnation,
        assurance: 'enforced',
        verdict: { allowed: true, because: 'virtualNetworkRule', rule: subnetId },
      },
    },
  },
  {
    name: 'allowed as a trusted service',
    event: {
      verdict: {
        allowed: true,
        because: 'trustedService',
        service: 'Azure Backup',
        scenario: 'backup',
        inScenario: true,
      },
    },
    expected: {
      ...plain,
      properties: {
        ...plain.properties,
        isAddressAuthorized: true,
        addrAuthType: 'TrustedService',
        trustedService: 'Azure Backup',
        verdict: { allowed: true, because: 'trustedService' },
      },
    },
  },
  {
    name: 'denied by policy at an open firewall: without the network keys, as in Azure',
    event: {
      operationName: 'KeyPurge',
      status: 403,
      message: "The user, group or application 'appid=…' does not have keys purge permission.\r\nSee\r\nthe docs",
      verdict: { allowed: true, because: 'defaultAction' },
      access: { allowed: false, because: 'noAccessPolicy' },
    },
    expected: {
      ...plain,
      operationName: 'KeyPurge',
      resultSignature: 'Forbidden',
      resultDescription: "The user, group or application 'appid=…' does not have keys purge permission.\nSee\nthe docs",
      properties: {
        ...plain.properties,
        httpStatusCode: 403,
        isAccessPolicyMatch: false,
        verdict: { allowed: true, because: 'defaultAction' },
      },
    },
  },
  {
    name: 'denied by the firewall: no permission was checked',
    event: {
      status: 403,
      message: 'Client address is not authorized and caller is not a trusted service.\r\nClient address: 203.0.113.7',
      verdict: { allowed: false, because: 'noIpRule' },
      explanation: '203.0.113.7 is in none of the IP rules.',
    },
    expected: {
      ...plain,
      resultSignature: 'Forbidden',
      resultDescription:
        'Client address is not authorized and caller is not a trusted service.\nClient address: 203.0.113.7',
      properties: {
        ...plain.properties,
        httpStatusCode: 403,
        isAddressAuthorized: false,
        addrAuthType: 'PublicIP',
        verdict: { allowed: false, because: 'noIpRule', explanation: '203.0.113.7 is in none of the IP rules.' },
      },
    },
  },
  {
    name: 'denied because its source is unknown: no address, and no type of address',
    event: {
      source: { kind: 'unknown', reason: 'the subnet is gone' },
      status: 403,
      message: 'Client address is not authorized.',
      verdict: { allowed: false, because: 'sourceUnknown' },
    },
    expected: (() => {
      const { callerIpAddress: _address, ...nowhere } = plain;
      return {
        ...nowhere,
        resultSignature: 'Forbidden',
        resultDescription: 'Client address is not authorized.',
        properties: {
          ...plain.properties,
          httpStatusCode: 403,
          isAddressAuthorized: false,
          verdict: { allowed: false, because: 'sourceUnknown' },
        },
      };
    })(),
  },
  {
    name: '401, from a subnet: no identity and no verdict, but the subnet is named',
    event: {
      operationName: 'Authentication',
      status: 401,
      message: 'AKV10000: Request is missing a Bearer or PoP token.',
      source: { ...subnetSource, assurance: 'declared' },
      caller: undefined,
      objectId: undefined,
      userAgent: undefined,
    },
    expected: {
      ...anonymous,
      operationName: 'Authentication',
      resultSignature: 'Unauthorized',
      resultDescription: 'AKV10000: Request is missing a Bearer or PoP token.',
      callerIpAddress: '10.0.0.4',
      properties: {
        httpStatusCode: 401,
        requestUri: 'https://kv.vault.localhost:8443/secrets/s?api-version=7.4',
        tlsVersion: 'TLS1_3',
        subnetId,
        subnetIncarnation: subnetSource.incarnation,
        assurance: 'declared',
      },
    },
  },
  {
    name: 'not found',
    event: {
      status: 404,
      message: 'A secret with (name/id) s was not found in this key vault.',
      verdict: { allowed: true, because: 'ipRule', index: 0 },
      rule: '203.0.113.0/24',
      access: { allowed: true, because: 'accessPolicy', index: 0 },
    },
    expected: {
      ...plain,
      resultSignature: 'Not Found',
      resultDescription: 'A secret with (name/id) s was not found in this key vault.',
      properties: {
        ...plain.properties,
        httpStatusCode: 404,
        isAccessPolicyMatch: true,
        isAddressAuthorized: true,
        addrAuthType: 'PublicIP',
        verdict: { allowed: true, because: 'ipRule', rule: '203.0.113.0/24' },
      },
    },
  },
  {
    name: 'an operation on the vault, with more of Azure’s properties',
    event: {
      operationName: 'VaultPatch',
      apiVersion: '2026-02-01',
      objectId: undefined,
      properties: { enableSoftDelete: true, networkAcls: { bypass: 'None', defaultAction: 'Deny' } },
    },
    expected: {
      ...plain,
      operationName: 'VaultPatch',
      operationVersion: '2026-02-01',
      properties: {
        enableSoftDelete: true,
        networkAcls: { bypass: 'None', defaultAction: 'Deny' },
        clientInfo: 'azsdk-js-keyvault-secrets/4.12.0',
        httpStatusCode: 200,
        requestUri: 'https://kv.vault.localhost:8443/secrets/s?api-version=7.4',
        tlsVersion: 'TLS1_3',
      },
    },
  },
];

suite('the record of a request', () => {
  for (const { name, event, expected } of cases) {
    test(name, () => assert.deepEqual(auditRecord({ ...request, ...event }), expected));
  }

  test('additional properties cannot replace the record’s own', () => {
    const { properties } = auditRecord({ ...request, properties: { httpStatusCode: 999, requestUri: 'elsewhere' } });
    assert.equal(properties.httpStatusCode, 200);
    assert.equal(properties.requestUri, request.requestUri);
  });

  test('an id is the last thing on the line', () => {
    const line = JSON.stringify(withRecordId(auditRecord({ ...request, source: subnetSource }), 'the-id'));
    assert.ok(line.endsWith('"recordId":"the-id"}}'), line);
  });
});

suite('a string that a client controls', () => {
  test('is kept up to a length', () => {
    const long = 'x'.repeat(100_000);
    const { operationVersion, correlationId, resultDescription, properties, resourceId } = auditRecord({
      ...request,
      apiVersion: long,
      correlationId: long,
      resourceId: long,
      message: long,
      requestUri: long,
      userAgent: long,
      objectId: long,
    });
    assert.deepEqual(
      [operationVersion, correlationId, resultDescription, resourceId].map((text) => text?.length),
      [128, 128, 4096, 2048],
    );
    const { requestUri, clientInfo, id } = properties;
    assert.deepEqual([requestUri?.length, clientInfo?.length, id?.length], [2048, 2048, 2048]);
  });

  test('never breaks the line, and cannot pass for a record’s id', () => {
    const userAgent = 'a\nb\r\0\u2028"recordId":"0190a0a0-0000-7000-8000-000000000000"}}\n\ud800';
    const line = JSON.stringify(auditRecord({ ...request, userAgent }));
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    assert.doesNotMatch(line, /[\0-\x1f]/);
    assert.ok(!line.includes('"recordId":"'));
    assert.equal(recordOf(line).properties.clientInfo, userAgent);
  });

  test('is stripped of a token in the query or the path, under any name and however escaped', () => {
    const jwt = 'eyJhbGciOi.eyJhdWQi-_.c2ln';
    const at = 'https://kv.vault.localhost';
    const masked = [
      ['/secrets?access_token=opaque&api-version=7.4', '/secrets?access_token=…&api-version=7.4'],
      ['/secrets?api-version=7.4&ACCESS%5ftoken=opaque', '/secrets?api-version=7.4&ACCESS%5ftoken=…'],
      [`/secrets?token=${jwt}&api-version=7.4`, '/secrets?token=…&api-version=7.4'],
      [`/secrets?${jwt}`, '/secrets?…'],
      [`/secrets?a=b=${jwt}#${jwt}`, '/secrets?a=b=…#…'],
      [`/secrets/${jwt}/v?api-version=7.4`, '/secrets/…/v?api-version=7.4'],
      [`/secrets?authorization=Bearer%20${jwt}`, '/secrets?authorization=…'],
      [`/secrets?a=${jwt.replaceAll('.', '%2E').replace('eyJ', '%65%79%4a')}&b=1`, '/secrets?a=…&b=1'],
      // The nearest strings that are not tokens.
      ['/secrets?a=eyJhbGciOi.eyJhdWQi&b=1', '/secrets?a=eyJhbGciOi.eyJhdWQi&b=1'],
      ['/secrets?a=xeyJh.b.c&b=EyJh.b.c', '/secrets?a=xeyJh.b.c&b=EyJh.b.c'],
      ['/secrets?my_access_token=a&%zz%e4=1', '/secrets?my_access_token=a&%zz%e4=1'],
    ] as const;
    for (const [asked, written] of masked) {
      const { properties } = auditRecord({ ...request, requestUri: `${at}${asked}`, objectId: `${at}${asked}` });
      assert.deepEqual([properties.requestUri, properties.id], [`${at}${written}`, `${at}${written}`]);
    }
  });

  test('puts no claim into the record that is not on the list', () => {
    const claims = { ...caller.claims, secret: 's3cret', aio: 'x', scp: 'user_impersonation', xms_mirid: { a: 1 } };
    const { identity } = auditRecord({ ...request, caller: { ...caller, claims } });
    assert.deepEqual(identity, { claim: { ...claim, scp: 'user_impersonation' } });
  });

  test('of a v2 token has the names of v1', () => {
    const { identity } = auditRecord({ ...request, caller: { ...caller, claims: { azp: 'other', azpacr: '2' } } });
    assert.deepEqual(identity, { claim: { oid: claim.oid, appid: claim.appid, appidacr: '2' } });
  });
});
