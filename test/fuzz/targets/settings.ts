import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { formatRange, parseAddress, parseRange } from '../../../src/address/address.ts';
import { ruleProfiles } from '../../../src/firewall/profiles.ts';
import { readSkipToken, skipToken } from '../../../src/http/request.ts';
import { parseDuration } from '../../../src/objects/duration.ts';
import { parseSeed, readSeed } from '../../../src/seed/read-seed.ts';
import { readSettings } from '../../../src/settings/settings.ts';
import { judgePair } from '../../../src/settings/tls-pair.ts';
import { signed } from '../../settings/operator-pair.ts';
import { bytesOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const guid = '11111111-2222-4333-8444-555555555555';
const complete = {
  clients: [{ clientId: guid, secret: 's3cret-of-a-client' }],
  users: [{ userPrincipalName: 'ada@example.com', password: 'a-long-password', groups: [guid] }],
  issuers: [
    { issuer: 'https://idp.example.com', tenantId: guid, audiences: ['a'], jwksUri: 'https://idp.example.com/jwks' },
  ],
  gateways: { unix: [{ vnet: guid, path: 'gateway.sock' }] },
  loadBalancers: [{ listen: '127.0.0.1:9000', from: ['10.0.0.0/8'], version: 2 }],
  softDelete: { transitionMs: 500 },
  limits: { ipRules: 200 },
};

/** A configuration file is read, or refused with the member at fault, and never quoted, because it has secrets. */
export const configuration: FuzzTarget = {
  form: 'json',
  words: [...Object.keys(complete), 'secret', 'secretFile', 'audit', 'fsync', 'throttling'],
  samples: () => ({
    inputs: [bytesOf(complete), bytesOf({}), bytesOf({ clients: [] })],
    read(input) {
      const text = textOf(input);
      const read = readSettings({
        argv: ['--config', 'postern.json'],
        environment: {},
        readFile: () => text,
        folder: import.meta.dirname,
      });
      if (!read.ok) assert.doesNotMatch(read.message, /s3cret-of-a-client|a-long-password/);
    },
  }),
};

const seedOfSecrets = {
  networks: {
    blue: { addressPrefixes: ['10.0.0.0/16'], subnets: { web: '10.0.0.0/24', jobs: { addressPrefix: '10.0.1.0/24' } } },
  },
  identities: { shop: {}, pipeline: { clientSecret: 's3cret-of-a-client', clientId: guid } },
  users: { 'ada@example.com': { password: 'a-long-password', groups: [guid] } },
  vaults: {
    app: {
      rules: { defaultAction: 'Deny', ipRules: ['203.0.113.7'], virtualNetworkRules: ['blue/web'] },
      access: { shop: { secrets: ['get'] }, 'ada@example.com': { keys: ['all'] } },
      secrets: {
        greeting: 's3cret-of-a-vault',
        other: { value: 's3cret-of-a-vault', expires: '2027-01-31T12:00:00Z' },
      },
    },
  },
};

/** A seed is read, or refused by a path that its message begins with, and its secrets are not quoted. */
export const seed: FuzzTarget = {
  form: 'json',
  words: [
    ...Object.keys(seedOfSecrets.vaults.app),
    'null',
    'blue/jobs',
    '__proto__',
    'administrator',
    '{}',
    'location',
  ],
  samples: () => ({
    inputs: [bytesOf(seedOfSecrets), bytesOf({}), bytesOf({ vaults: { app: {} } })],
    read(input) {
      const read = parseSeed(textOf(input), ruleProfiles.documented);
      if (read.ok) {
        const again = readSeed(JSON.parse(textOf(input)), ruleProfiles.documented);
        assert.deepEqual(again, read);
        return;
      }
      assert.ok(read.message.includes(read.path), read.message);
      assert.doesNotMatch(read.message, /s3cret-of-a|a-long-password/);
    },
  }),
};

/** Addresses as `node:net` reads them, ranges that are printed as they were read, and other short strings. */
export const words: FuzzTarget = {
  form: 'text',
  words: ['/32', '/0', '::ffff:', '.0', 'P', 'T', 'M', '0x', '-'],
  samples: () => ({
    inputs: [
      '203.0.113.7',
      '198.51.100.0/24',
      '2001:db8::7',
      '::ffff:203.0.113.7',
      'P1Y2M3DT4H5M6S',
      skipToken('vault/a'),
    ].map((text) => Buffer.from(text)),
    read(input) {
      const text = textOf(input);
      if (parseAddress(text) !== undefined) assert.notEqual(isIP(text), 0, text);
      const range = parseRange(text);
      if (range.ok) {
        const again = parseRange(formatRange(range.range));
        assert.deepEqual(again.ok && again.range, range.range);
      }
      parseDuration(text);
      readSkipToken(text);
    },
  }),
};

const operatorPair = await signed({ subject: 'localhost', dnsNames: ['localhost', '*.vault.localhost'] });

/** A certificate with its key in one file is used or refused, and no message quotes the key. */
export const tlsPair: FuzzTarget = {
  form: 'text',
  words: [
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
    '-----BEGIN EC PRIVATE KEY-----',
    'ENCRYPTED',
    'TRUSTED',
  ],
  samples: () => ({
    inputs: [
      bytesOf(operatorPair.certificate + operatorPair.key),
      bytesOf(operatorPair.key + operatorPair.certificate),
    ],
    read(input) {
      const file = { path: 'tls.pem', contents: textOf(input) };
      const judged = judgePair(
        { certificate: file, key: file, authority: undefined },
        {
          domain: 'localhost',
          nowMs: Date.now(),
          roots: () => [],
          tryTls: ({ certificate: cert, key }) => void createSecureContext({ cert, key }),
        },
      );
      const [, secret = ''] = operatorPair.key.split('\n');
      if (!judged.ok) assert.ok(!judged.message.includes(secret), judged.message);
      else assert.ok(judged.pair.names.length > 0);
    },
  }),
};
