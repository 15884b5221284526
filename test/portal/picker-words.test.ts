import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { draftOfPolicy, plainPolicy, policyBody, wasImported } from '../../src/portal/objects/certificate-policy.ts';
import { nameFault, readIdentifier, writeIdentifier } from '../../src/portal/objects/identifier.ts';
import { keyBody, plainKey } from '../../src/portal/objects/key-draft.ts';
import { bladeOf, callerOf, principalOf, typeIn, usedIn } from '../../src/portal/picker/blades.ts';
import type { Blade, Chosen, Resource } from '../../src/portal/picker/blades.ts';
import { byPolicies, gives, wayOf } from '../../src/portal/picker/standing.ts';

const vaultSuffix = '.vault.localhost:8443';
const version = '0123456789abcdef0123456789abcdef';
const read = (text: string) => readIdentifier(text, { vaultSuffix, collection: 'keys' });

describe('an identifier by hand', () => {
  it('is read with a version and without', () => {
    const text = `https://demo${vaultSuffix}/keys/disk`;
    const expected = { vaultUri: `https://demo${vaultSuffix}/`, vaultName: 'demo', collection: 'keys', name: 'disk' };
    assert.deepEqual(read(` ${text}\n`), { ok: true, value: { ...expected, version: '' } });
    assert.deepEqual(read(`${text}/${version}`), { ok: true, value: { ...expected, version } });
  });

  it('is what was written, for every name', () => {
    const name = fc.stringMatching(/^[0-9A-Za-z-]{1,127}$/);
    const versions = fc.constantFrom('', version);
    fc.assert(
      fc.property(name, versions, (named, versioned) => {
        const text = `https://demo${vaultSuffix}/keys/${named}${versioned === '' ? '' : `/${versioned}`}`;
        const found = read(text);
        return found.ok && writeIdentifier(found.value) === text;
      }),
    );
  });

  for (const [text, fault] of [
    ['demo', /begins with https/],
    [`http://demo${vaultSuffix}/keys/disk`, /begins with https/],
    [`https://ada@demo${vaultSuffix}/keys/disk`, /nothing else/],
    [`https://demo${vaultSuffix}/keys/disk?x=1`, /nothing else/],
    ['https://demo.vault.azure.net/keys/disk', /not a vault's of this server/],
    ['https://demo.vault.localhost:8444/keys/disk', /not a vault's of this server/],
    [`https://evil.example/demo${vaultSuffix}/keys/disk`, /not a vault's of this server/],
    [`https://a.b${vaultSuffix}/keys/disk`, /not a vault's of this server/],
    [`https://${vaultSuffix}/keys/disk`, /begins with https|not a vault's/],
    [`https://demo${vaultSuffix}/secrets/disk`, /begins with \/keys\//],
    [`https://demo${vaultSuffix}/keys/a_b`, /follow a name/],
    [`https://demo${vaultSuffix}/keys/`, /follow a name/],
    [`https://demo${vaultSuffix}/keys/disk/${version}/more`, /follow a name/],
    [`https://demo${vaultSuffix}/keys/disk/1`, /32 hexadecimal digits/],
  ] as const) {
    it(`is not ${text}`, () => {
      const found = read(text);
      assert.match(found.ok ? '' : found.fault, fault);
    });
  }

  it('has a name of letters, digits and hyphens', () => {
    assert.equal(nameFault('A-1'), undefined);
    assert.match(nameFault('') ?? '', /missing/);
    assert.match(nameFault('a'.repeat(128)) ?? '', /1 to 127/);
    assert.match(nameFault('a.b') ?? '', /1 to 127/);
  });
});

const storage = '/subscriptions/s/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/data';
const site = '/subscriptions/s/resourceGroups/shop/providers/Microsoft.Web/sites/shop';
const chosen: Chosen = {
  vaultId: '/subscriptions/s/resourceGroups/shop/providers/Microsoft.KeyVault/vaults/demo',
  identifier: { vaultUri: `https://demo${vaultSuffix}/`, vaultName: 'demo', collection: 'keys', name: 'disk', version },
};

function blade(type: string): Blade {
  return bladeOf(type) ?? assert.fail(`no blade for ${type}`);
}

function resource(id: string, more: Partial<Resource> = {}): Resource {
  return { id, name: id.split('/').at(-1) ?? '', type: typeIn(id), location: 'westeurope', ...more };
}

describe('blades', () => {
  it('keep the choice where the service’s API has it, and read it back', () => {
    for (const [type, id] of [
      ['microsoft.storage/STORAGEACCOUNTS', storage],
      ['Microsoft.Sql/servers', storage.replace('Microsoft.Storage/storageAccounts', 'Microsoft.Sql/servers')],
    ] as const) {
      const { change, kept, keptAt } = blade(type);
      const { method, body } = change(resource(id, { identity: { principalId: 'p' } }), chosen);
      assert.equal(keptAt(id), id);
      assert.equal(method, 'PATCH');
      assert.deepEqual(Object.keys(body as object), ['properties']);
      assert.equal(kept((body as Resource).properties ?? {}), `https://demo${vaultSuffix}/keys/disk/${version}`);
      assert.equal(kept({}), undefined);
    }
  });

  it('give an identity to a resource that has none', () => {
    const { body } = blade('Microsoft.Storage/storageAccounts').change(resource(storage), chosen);
    assert.deepEqual((body as Resource).identity, { type: 'SystemAssigned' });
    assert.equal(principalOf(resource(storage)), undefined);
    const userAssignedIdentities = { x: { principalId: 'user' } };
    assert.equal(principalOf(resource(storage, { identity: { userAssignedIdentities } })), 'user');
    assert.equal(principalOf(resource(storage, { identity: { principalId: 'own', userAssignedIdentities } })), 'own');
  });

  it('of a web app make a certificate of App Service, whose own application reads it', () => {
    const web = blade(typeIn(site));
    const { method, body } = web.change(resource(site), chosen);
    assert.equal(
      web.keptAt(site),
      '/subscriptions/s/resourceGroups/shop/providers/Microsoft.Web/certificates/shop-certificate',
    );
    const properties = { keyVaultId: chosen.vaultId, keyVaultSecretName: 'disk' };
    assert.deepEqual([method, body], ['PUT', { location: 'westeurope', properties }]);
    assert.equal(web.kept(properties), 'demo/disk');
    assert.equal(web.kept({}), undefined);
    assert.deepEqual(Object.keys(callerOf(web, resource(site))), ['tenantId', 'applicationId']);
    const account = blade(typeIn(storage));
    assert.deepEqual(callerOf(account, resource(storage)), { managedIdentity: storage });
  });

  it('are found by type, and by nothing else', () => {
    assert.equal(bladeOf('Microsoft.Compute/disks'), undefined);
    assert.equal(typeIn('https://evil.example'), '');
    assert.equal(typeIn(`@evil.example${storage}`), '');
    assert.equal(typeIn(`${storage}?x`), '');
    assert.equal(bladeOf(typeIn(`${storage}/blobServices/default`)), undefined);
  });
});

describe('how a resource gets into a vault', () => {
  const properties = { tenantId: '', vaultUri: '' };
  const networkAcls = { bypass: 'None', defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] } as const;

  it('is not by the rule that names the address of the user who asks', () => {
    const off = wayOf({ properties: { ...properties, networkAcls } }, { because: 'ipRule' }, 'keys/get');
    assert.deepEqual(off, { by: 'nothing', because: 'trusted services are off for this vault' });
    const on = { ...networkAcls, bypass: 'AzureServices' } as const;
    const other = wayOf({ properties: { ...properties, networkAcls: on } }, { because: 'noIpRule' }, 'keys/get');
    assert.deepEqual(other, { by: 'nothing', because: 'no trusted service of this kind uses keys/get' });
  });

  it('is as a trusted service, or with everybody', () => {
    const trusted = { because: 'trustedService', service: 'Azure Storage' };
    const expected = { by: 'trustedService', because: 'Azure Storage' };
    assert.deepEqual(wayOf({ properties }, trusted, 'keys/get'), expected);
    assert.equal(wayOf({ properties }, { because: 'defaultAction' }, 'keys/get').by, 'everyNetwork');
  });
});

describe('what a blade keeps', () => {
  it('is read from an identifier, and from two names', () => {
    const text = `https://demo${vaultSuffix}/keys/disk`;
    assert.deepEqual(usedIn(text), { vaultName: 'demo', name: 'disk', version: '' });
    assert.deepEqual(usedIn(`${text}/${version}`), { vaultName: 'demo', name: 'disk', version });
    assert.deepEqual(usedIn('demo/shop'), { vaultName: 'demo', name: 'shop', version: '' });
  });
});

describe('what a resource has', () => {
  const vault = (permissions: readonly string[]) => ({
    properties: {
      tenantId: 't',
      vaultUri: '',
      accessPolicies: [{ tenantId: 't', objectId: 'p', permissions: { keys: permissions } }],
    },
  });

  it('by access policies is what they give to it', () => {
    const has = byPolicies(vault(['Get', 'wrapKey']), 'P');
    assert.deepEqual([has('keys/get'), has('keys/wrapKey'), has('keys/unwrapKey')], [true, true, false]);
    assert.equal(byPolicies(vault(['all']), 'other')('keys/get'), false);
  });

  it('by a role is its data actions, without those that it excepts', () => {
    const role = (dataActions: readonly string[], notDataActions: readonly string[] = []) => ({
      properties: { permissions: [{ dataActions, notDataActions }] },
    });
    const all = 'Microsoft.KeyVault/vaults/keys/*';
    assert.equal(gives(role([all]), 'keys/wrapKey'), true);
    assert.equal(gives(role([all], ['Microsoft.KeyVault/vaults/keys/wrap/action']), 'keys/wrapKey'), false);
    assert.equal(gives(role([all]), 'secrets/get'), false);
    assert.equal(gives({ properties: { permissions: [{}] } }, 'keys/get'), false);
  });
});

describe('a certificate', () => {
  it('was imported where the vault never asked an issuer for it', () => {
    const policy = { issuer: { name: 'Unknown' } };
    assert.equal(wasImported({ policy }), true);
    assert.equal(wasImported({ policy, pending: {} }), false);
    assert.equal(wasImported({ policy: { issuer: { name: 'Self' } } }), false);
    assert.equal(wasImported({}), false);
  });
});

describe('forms', () => {
  it('of a key send its type, its size or curve, and operations only where some are left out', () => {
    assert.deepEqual(keyBody(plainKey), { kty: 'RSA', key_size: 2048 });
    assert.deepEqual(keyBody({ ...plainKey, kty: 'EC', curve: 'P-521' }), { kty: 'EC', crv: 'P-521' });
    assert.deepEqual(keyBody({ ...plainKey, kty: 'EC', without: ['verify'] }).key_ops, ['sign']);
  });

  it('of a certificate become a policy, and a policy becomes the same form', () => {
    const draft = { ...plainPolicy, subject: 'CN=a', dnsNames: 'a\nb', key: 'EC P-384', exportable: false };
    const policy = policyBody(draft);
    assert.deepEqual(draftOfPolicy(policy), draft);
    assert.deepEqual(policyBody({ ...draft, dnsNames: ' a, b ,\nc ' }).x509_props?.sans?.dns_names, ['a', 'b', 'c']);
    assert.equal(policyBody(plainPolicy).x509_props?.sans, undefined);
    assert.deepEqual(draftOfPolicy({}), plainPolicy);
  });
});
