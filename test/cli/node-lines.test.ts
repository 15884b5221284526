import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeTable } from '../../src/cli/nodes/node-lines.ts';

test('nodes are listed by name, whatever the order of the answer', () => {
  const nodes = ['b', 'a', 'c', 'a2'].map((name) => ({ name, own: name === 'c', living: true, state: 'serving' }));
  const { rows } = nodeTable(
    new Map<string, unknown>([
      ['at', '2026-01-31T12:00:00Z'],
      ['nodes', nodes],
    ]),
  );
  assert.deepEqual(
    rows.map(([name]) => name),
    ['a', 'a2', 'b', 'c (this one)'],
  );
});
