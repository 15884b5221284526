import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGuid, vnetOfCertificate } from '../../src/ingress/gateway-certificate.ts';

const vnet = '0a0b0c0d-1111-2222-3333-444455556666';

test('a certificate is bound to the virtual network of its only URI name, and otherwise to none', () => {
  const cases: readonly (readonly [names: string | undefined, vnet: string | undefined])[] = [
    [`URI:spiffe://localhost/vnet/${vnet}`, vnet],
    [`DNS:gateway, URI:spiffe://localhost/vnet/${vnet.toUpperCase()}, IP Address:10.0.0.1`, vnet],
    [undefined, undefined],
    ['DNS:gateway', undefined],
    [`DNS:spiffe://localhost/vnet/${vnet}`, undefined],
    [`URI:spiffe://localhost/vnet/${vnet}, URI:spiffe://localhost/vnet/${vnet}`, undefined],
    [`URI:spiffe://localhost.example/vnet/${vnet}`, undefined],
    [`URI:spiffe://localhost/vnet/${vnet}/x`, undefined],
    [`URI:spiffe://localhost/vnet/`, undefined],
    [`URI:https://localhost/vnet/${vnet}`, undefined],
    // How Node prints one DNS name that contains a separator.
    [`DNS:"x, URI:spiffe://localhost/vnet/${vnet}, y"`, undefined],
  ];
  for (const [names, expected] of cases)
    assert.equal(vnetOfCertificate(names, 'localhost'), expected, names ?? 'no names');
});

test('a GUID is read in any case, and nothing else is', () => {
  assert.equal(readGuid(vnet.toUpperCase()), vnet);
  for (const text of ['', `name=${vnet}`, `${vnet}\n`, `{${vnet}}`, vnet.slice(1)])
    assert.equal(readGuid(text), undefined);
});
