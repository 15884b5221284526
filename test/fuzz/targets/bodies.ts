import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { parseForm } from '../../../src/authority/form.ts';
import type { Form } from '../../../src/authority/form.ts';
import { parseDeploymentBody } from '../../../src/control-plane/deployments/body.ts';
import { certificatePolicy } from '../../../src/data-plane/certificates/parameters.ts';
import { ruleProfiles } from '../../../src/firewall/profiles.ts';
import { validateNetworkAcls } from '../../../src/firewall/validate.ts';
import { parseJsonBody } from '../../../src/http/request.ts';
import { Refused } from '../../../src/edge/edge.ts';
import { readKeyMaterial } from '../../../src/crypto/read-key-material.ts';
import { readNetwork } from '../../../src/resources/networks/network-properties.ts';
import { readVaultProperties } from '../../../src/resources/vaults/vault-properties.ts';
import { formatPath } from '../../../src/shape/fault.ts';
import {
  array,
  boolean,
  choice,
  each,
  literal,
  object,
  optional,
  record,
  string,
  wholeNumber,
} from '../../../src/shape/shape.ts';
import { bytesOf, jsonOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const networkAcls = {
  defaultAction: 'Deny',
  bypass: 'AzureServices',
  ipRules: [{ value: '203.0.113.7' }, { value: '198.51.100.0/24' }],
  virtualNetworkRules: [
    {
      id: '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/a',
      ignoreMissingVnetServiceEndpoint: false,
    },
  ],
};
const tenantId = '11111111-1111-4111-8111-111111111111';
const vault = {
  tenantId,
  sku: { family: 'A', name: 'standard' },
  accessPolicies: [
    {
      tenantId,
      objectId: 'b1111111-1111-4111-8111-111111111111',
      permissions: { secrets: ['get', 'LIST'], keys: ['all'] },
    },
  ],
  enabledForDeployment: false,
  softDeleteRetentionInDays: 90,
  enablePurgeProtection: true,
  publicNetworkAccess: 'Enabled',
  networkAcls,
};
const network = {
  addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
  subnets: [
    { name: 'a', properties: { addressPrefix: '10.0.0.0/24', serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] } },
    { name: 'b', properties: { addressPrefixes: ['10.0.1.0/24'], privateEndpointNetworkPolicies: 'Disabled' } },
  ],
};
const policy = {
  key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
  secret_props: { contentType: 'application/x-pkcs12' },
  x509_props: {
    subject: 'CN=a',
    sans: { dns_names: ['a.example'] },
    ekus: ['1.3.6.1.5.5.7.3.1'],
    key_usage: ['digitalSignature'],
    validity_months: 12,
  },
  lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } }],
  issuer: { name: 'Self' },
  attributes: { enabled: true },
};
const jwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
  key_ops: ['sign', 'verify'],
};

/** Accepted JSON is read as by `JSON.parse`; what `JSON.parse` refuses is refused. */
export const json: FuzzTarget = {
  form: 'json',
  words: ['template:', '// a', '/* a */'],
  samples: () => ({
    inputs: [
      bytesOf({ value: 'a', tags: { a: 'b' }, attributes: { enabled: true, exp: 1 } }),
      bytesOf(vault),
      bytesOf([1, [2]]),
    ],
    read(input) {
      const read = parseJsonBody(Buffer.from(input));
      const theirs = jsonOf(input);
      if (read.ok) assert.deepEqual(read.value, theirs);
      // A body refused as not JSON is not JSON; or it is not UTF-8, which `jsonOf` ignores.
      else if (read.fault.kind === 'notJson') assert.ok(theirs === undefined || !isUtf8(input));
    },
  }),
};

/** A deployment's body may be in az's own form, which no parser knows; any JSON is read as it is. */
export const deploymentBody: FuzzTarget = {
  form: 'text',
  words: [', template:', '// a\n', '/* a */', '"properties":{', '}}', '"', '\\"'],
  samples: () => ({
    inputs: [
      '{"properties": {"mode": "Incremental", "parameters": {}, template:{\n// what\n"a": "b\nc" /* d */}}}',
      '{"properties": {"mode": "Incremental", "template": {"resources": []}}}',
    ].map((text) => Buffer.from(text)),
    read(input) {
      const read = parseDeploymentBody(Buffer.from(input));
      const theirs = jsonOf(input);
      if (theirs !== undefined && read.ok) assert.deepEqual(read.value, theirs);
    },
  }),
};

/** Every reader of a body answers or refuses any JSON. */
export const members: FuzzTarget = {
  form: 'json',
  words: [
    ...Object.keys(vault),
    ...Object.keys(networkAcls),
    ...Object.keys(policy),
    ...Object.keys(network),
    'properties',
  ],
  samples: () => ({
    inputs: [networkAcls, vault, network, policy, jwk].map(bytesOf),
    read(input) {
      const value = jsonOf(input);
      for (const profile of Object.values(ruleProfiles)) {
        validateNetworkAcls(value, profile);
        readVaultProperties(value, profile);
      }
      readNetwork(value);
      readKeyMaterial(value);
      certificatePolicy(value);
    },
  }),
};

const shape = object(
  {
    properties: object({
      ...each(['tenantId', 'defaultAction'], optional(string)),
      sku: optional(record(choice(['A', 'standard']))),
      rules: optional(array(object({ value: string, on: optional(boolean), days: optional(wholeNumber(7, 90), 90) }))),
      version: optional(literal(1, null)),
    }),
  },
  { nullIsValue: true, ignoredIf: (name) => name.startsWith('@') },
);
const shaped = {
  properties: {
    tenantId,
    sku: { family: 'a' },
    rules: [
      { value: 'a', on: true },
      { value: 'b', days: 7 },
    ],
    version: null,
  },
  '@id': 1,
};

/** A value that a shape returns is read as itself again; a fault's path leads to the value that was found. */
export const shapes: FuzzTarget = {
  form: 'json',
  words: ['properties', 'tenantId', 'sku', 'rules', 'value', 'on', 'days', 'version', '__proto__'],
  samples: () => ({
    inputs: [bytesOf(shaped)],
    read(input) {
      const value = jsonOf(input);
      const read = shape(value);
      if (read.ok) {
        assert.deepEqual(shape(read.value), read);
        return;
      }
      const { fault } = read;
      const there = fault.path.reduce<unknown>((outer, segment) => {
        assert.ok(typeof outer === 'object' && outer !== null && Object.hasOwn(outer, segment), formatPath(fault.path));
        return Object.entries(outer).find(([name]) => name === String(segment))?.[1];
      }, value);
      if ('found' in fault) assert.equal(there, fault.found);
      else assert.equal(typeof there, 'object');
    },
  }),
};

function formOf(text: string): Form | undefined {
  try {
    return parseForm(text);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** A form is read as by URLSearchParams, or refused because a parameter occurs twice. */
export const form: FuzzTarget = {
  form: 'text',
  words: ['grant_type=', '&', '=', '%', '+', 'client_credentials', '%C3%A9'],
  samples: () => ({
    inputs: [
      'grant_type=client_credentials&client_id=a1111111-1111-4111-8111-111111111111&client_secret=s%26%3D&scope=a%2F.default',
      'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=abc&client_id=b',
    ].map((text) => Buffer.from(text)),
    read(input) {
      const text = textOf(input);
      const read = formOf(text);
      const theirs = [...new URLSearchParams(text)];
      const names = new Set(theirs.map(([name]) => name));
      assert.equal(read !== undefined, names.size === theirs.length);
      if (read !== undefined)
        assert.deepEqual(
          [...read],
          theirs.filter(([, value]) => value !== ''),
        );
    },
  }),
};
