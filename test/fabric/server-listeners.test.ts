import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareListeners, type WantedListener } from '../../src/fabric/server-listeners.ts';

const metadata: WantedListener = { kind: 'metadata', port: 20_001, subnet: '/subnets/Web', incarnation: 'A' };
const vaults: WantedListener = {
  kind: 'subnet',
  port: 10_001,
  subnet: '/subnets/Web',
  incarnation: 'A',
  serves: 'vaults',
};
const held = { id: '1', key: 'v1 7 metadata 20001 /subnets/web a' };

test('a listener that is held is not opened again, in whatever case its subnet is written', () => {
  const { missing, spare } = compareListeners([{ namespace: 'v1', life: 7, listeners: [metadata, vaults] }], [held]);
  assert.deepEqual(missing, [{ namespace: 'v1', life: 7, listeners: [vaults] }]);
  assert.deepEqual(spare, []);
});

test('a listener in another life of its namespace is closed, and one is opened in this life', () => {
  const wanted = [{ namespace: 'v1', life: 8, listeners: [metadata] }];
  assert.deepEqual(compareListeners(wanted, [held]), { missing: wanted, spare: [held] });
});

test('a listener of another life of its subnet is closed', () => {
  const again = { ...metadata, incarnation: 'B' };
  const wanted = [{ namespace: 'v1', life: 7, listeners: [again] }];
  assert.deepEqual(compareListeners(wanted, [held]), { missing: wanted, spare: [held] });
});

test('nothing is wanted of a namespace whose listeners are all held', () => {
  assert.deepEqual(compareListeners([{ namespace: 'v1', life: 7, listeners: [metadata] }], [held]).missing, []);
});
