import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeRow } from '../../src/store/node-store.ts';
import { isLiving } from '../../src/store/node-store.ts';
import { refusalToEnter } from '../../src/worker/node-details.ts';
import type { NodeDetails } from '../../src/worker/node-details.ts';

const nowMs = 1_000_000;
const agreed = {
  domain: 'd',
  rules: 'current',
  limits: '1 and 2',
  acceptDeclared: 'false',
  trustedServices: 'current scenario',
};
const details: NodeDetails = {
  release: '1.0.0',
  format: 2,
  agreed,
  address: '192.0.2.11:8443',
  state: 'serving',
  masterKeys: ['k'],
};

const row = (name: string, change: Partial<NodeRow> = {}): NodeRow => ({
  id: `id-${name}`,
  name,
  startedMs: 0,
  seenMs: nowMs,
  details,
  ...change,
});

const own = row('a', { startedMs: 10 });
const entering = { id: own.id, name: own.name, details };
const refusal = (...others: readonly NodeRow[]) =>
  refusalToEnter(entering, { nowMs, nodes: [own, ...others] })?.message;

test('a node lives until it was not seen for ten seconds', () => {
  assert.equal(isLiving(row('b', { seenMs: nowMs - 9_999 }), nowMs), true);
  assert.equal(isLiving(row('b', { seenMs: nowMs - 10_000 }), nowMs), false);
});

test('a node may enter beside nodes that agree, of any release with the same format', () => {
  assert.equal(refusal(), undefined);
  assert.equal(refusal(row('b'), row('c', { details: { ...details, release: '1.0.1' } })), undefined);
  // A newer release says more, or something else.
  assert.equal(refusal(row('b', { details: { ...details, more: 1 } })), undefined);
  assert.equal(refusal(row('b', { details: { state: 'dozing' } })), undefined);
});

test('a node is refused beside one that lives, entered before it, and disagrees', () => {
  const other = { ...details, agreed: { ...agreed, trustedServices: 'documented scenario' } };
  const differs =
    /^trustedServices is current scenario here and documented scenario on the node b, and all nodes of a store must agree/;
  assert.match(refusal(row('b', { details: other })) ?? '', differs);
  assert.match(refusal(row('b', { details: other, startedMs: 10, id: 'id-0' })) ?? '', differs);
  assert.equal(refusal(row('b', { details: other, startedMs: 10, id: 'id-z' })), undefined);
  assert.equal(refusal(row('b', { details: other, startedMs: 11 })), undefined);
  assert.equal(refusal(row('b', { details: other, seenMs: nowMs - 10_000 })), undefined);
});

test('a release with a newer format waits for the end of the older nodes, and an older one does not', () => {
  const older = row('b', { details: { ...details, release: '0.9.0', format: 1 } });
  assert.match(
    refusal(older) ?? '',
    /^the node b runs Postern 0\.9\.0, which reads records up to format 1, and this is Postern 1\.0\.0 with format 2\. Stop all nodes/,
  );
  assert.equal(refusal({ ...older, seenMs: nowMs - 10_000 }), undefined);
  assert.equal(refusal(row('b', { details: { ...details, format: 3 } })), undefined);
});

test('a node is refused while the store is copied, whichever was first', () => {
  const copying = row('store-copy', { startedMs: 20, details: {} });
  assert.match(refusal(copying) ?? '', /^the store is being copied/);
  assert.equal(refusal({ ...copying, seenMs: nowMs - 10_000 }), undefined);
});
