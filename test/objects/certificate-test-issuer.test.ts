import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { testIssuer } from '../../src/objects/certificates/test-issuer.ts';
import { memoryStore } from '../../src/store/memory.ts';

const dayMs = 86_400_000;
const made = 1_790_000_000_000;

test('the test authority signs until it has a year left, and then another one signs', async () => {
  const store = memoryStore();
  const at = async (now: number) => new X509Certificate((await testIssuer(store, now)).certificates[0] ?? '');
  const first = await at(made);
  const lastMs = first.validToDate.getTime() - 365 * dayMs;
  assert.equal((await at(lastMs)).serialNumber, first.serialNumber);
  const second = await at(lastMs + 1);
  assert.notEqual(second.serialNumber, first.serialNumber);
  assert.ok(second.validToDate.getTime() > lastMs + 2 * 365 * dayMs);
});

for (const [clock, wrong] of [
  ['ahead', made + 50 * 365 * dayMs],
  ['behind', 0],
] as const) {
  test(`a clock years ${clock} does not replace it permanently`, async () => {
    const store = memoryStore();
    const first = await testIssuer(store, made);
    assert.notDeepEqual((await testIssuer(store, wrong)).certificates, first.certificates);
    assert.deepEqual((await testIssuer(store, made + dayMs)).certificates, first.certificates);
  });
}
