import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  hasEndpoint,
  publicAddressText,
  switchEffect,
  vaultsNaming,
  withEndpoint,
} from '../../src/portal/networks/network.ts';
import type { Vault } from '../../src/portal/vaults/vault.ts';

const id = '/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/blue/subnets/work';

function vault(
  name: string,
  { ips = [], subnets = [], open = false }: { ips?: string[]; subnets?: string[]; open?: boolean },
): Vault {
  return {
    id: `/subscriptions/1/resourceGroups/g/providers/Microsoft.KeyVault/vaults/${name}`,
    name,
    location: 'westeurope',
    properties: {
      tenantId: '',
      vaultUri: '',
      networkAcls: {
        bypass: 'None',
        defaultAction: open ? 'Allow' : 'Deny',
        ipRules: ips.map((value) => ({ value })),
        virtualNetworkRules: subnets.map((subnet) => ({ id: subnet })),
      },
    },
  };
}

const nat = '198.51.100.4';
const vaults = [
  vault('by-subnet', { subnets: [id.toUpperCase()] }),
  vault('by-address', { ips: ['198.51.100.0/25'] }),
  vault('by-both', { ips: [nat], subnets: [id] }),
  vault('neither', { ips: ['203.0.113.7'], subnets: [`${id}2`] }),
  vault('open', { open: true, subnets: [id] }),
];

describe('what a switch of the endpoint does', () => {
  it('off: a rule for the subnet matches no more, and one for the public address does', () => {
    assert.deepEqual(switchEffect({ id }, { turnedOn: false, vaults, known: [nat] }), {
      lose: ['by-subnet'],
      gain: ['by-address'],
      naming: ['by-subnet', 'by-both', 'open'],
    });
  });

  it('on: the other way', () => {
    const { lose, gain } = switchEffect({ id }, { turnedOn: true, vaults, known: [nat] });
    assert.deepEqual([lose, gain], [['by-address'], ['by-subnet']]);
  });

  it('without a known public address, nobody is counted as let in by it', () => {
    const { lose, gain } = switchEffect({ id }, { turnedOn: false, vaults, known: [] });
    assert.deepEqual([lose, gain], [['by-subnet', 'by-both'], []]);
  });

  it('of several public addresses, each must be let in', () => {
    const { gain } = switchEffect({ id }, { turnedOn: false, vaults, known: [nat, '192.0.2.1'] });
    assert.deepEqual(gain, []);
  });
});

describe('a subnet', () => {
  const properties = {
    addressPrefix: '10.0.0.0/24',
    serviceEndpoints: [{ service: 'Microsoft.Storage' }, { service: 'microsoft.keyvault' }],
    provisioningState: 'Succeeded',
    privateEndpoints: [],
    delegations: [],
  };

  it('keeps its other endpoints and members when the endpoint is switched, and does not send what the server states', () => {
    assert.equal(hasEndpoint({ properties }), true);
    assert.deepEqual(withEndpoint({ properties }, false), {
      properties: {
        addressPrefix: '10.0.0.0/24',
        delegations: [],
        serviceEndpoints: [{ service: 'Microsoft.Storage' }],
      },
    });
    assert.deepEqual(withEndpoint({ properties: { addressPrefix: '10.0.0.0/24' } }, true), {
      properties: { addressPrefix: '10.0.0.0/24', serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] },
    });
  });

  it('is named in any case, and not by the beginning of its id', () => {
    assert.deepEqual(
      vaultsNaming(vaults, id).map(({ name }) => name),
      ['by-subnet', 'by-both', 'open'],
    );
  });

  it('has a public address as far as the server tells', () => {
    assert.equal(publicAddressText({ known: [nat], pool: '198.51.100.0/24' }), nat);
    assert.equal(publicAddressText({ known: [], pool: '198.51.100.0/24' }), 'a public address of 198.51.100.0/24');
    assert.equal(publicAddressText({ known: [], pool: undefined }), 'its public (NAT) address');
  });
});
