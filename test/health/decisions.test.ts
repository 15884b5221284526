import assert from 'node:assert/strict';
import test from 'node:test';
import { isHealthHost } from '../../src/health/host.ts';
import { readiness } from '../../src/health/readiness.ts';
import { StoreState } from '../../src/health/store-state.ts';

test('the listener answers addresses, names without a dot and the names it was given', () => {
  const names = { domain: 'vault.example', hosts: ['postern.prod.svc'] };
  const rows: readonly (readonly [string | undefined, boolean])[] = [
    ['127.0.0.1:9464', true],
    ['192.0.2.10', true],
    ['[::1]:9464', true],
    ['[2001:db8::1]', true],
    ['localhost:9464', true],
    ['postern:9464', true],
    ['vault.example', true],
    ['Vault.Example:9464', true],
    ['postern.prod.svc:9464', true],
    // HTTP/1.0.
    [undefined, true],
    ['evil.example:9464', false],
    ['a.vault.example', false],
    ['postern.prod.svc.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['1.2.3', false],
    ['[127.0.0.1]', false],
    ['[::1].evil.example', false],
    ['localhost:123456', false],
    ['a b', false],
    ['', false],
    ['user@localhost', false],
  ];
  for (const [header, expected] of rows) assert.equal(isHealthHost(header, names), expected, String(header));
});

test('a server is ready when it serves and can write both', () => {
  const serving = { phase: 'serving', store: undefined, log: undefined } as const;
  assert.deepEqual(readiness(serving), {
    ready: true,
    checks: [
      { name: 'phase', ok: true },
      { name: 'store', ok: true },
      { name: 'log', ok: true },
    ],
  });
  const both = readiness({ ...serving, store: 'disk full', log: 'gone' });
  assert.equal(both.ready, false);
  assert.deepEqual(both.checks.slice(1), [
    { name: 'store', ok: false, why: 'disk full' },
    { name: 'log', ok: false, why: 'gone' },
  ]);
  for (const phase of ['starting', 'stopping'] as const) {
    const { ready, checks } = readiness({ ...serving, phase });
    assert.equal(ready, false);
    assert.deepEqual(
      checks.map(({ name, ok }) => [name, ok]),
      [['phase', false]],
    );
    assert.match(checks[0]?.why ?? '', new RegExp(`is ${phase}`));
  }
});

test('the store is believed to fail from a failed transaction until one succeeds', () => {
  const state = new StoreState();
  const run = (result: Parameters<StoreState['end']>[0]) => {
    state.begin(0);
    state.end(result, 0, 'disk I/O error');
  };
  assert.equal(state.failureAt(0), undefined);
  run('conflict');
  assert.equal(state.failureAt(0), undefined);
  run('failed');
  assert.match(state.failureAt(0) ?? '', /cannot be written: disk I\/O error/);
  assert.equal(state.mayHaveHealed, true);
  // It read something, and wrote nothing.
  run('conflict');
  assert.equal(state.mayHaveHealed, true);
  run('committed');
  assert.equal(state.failureAt(0), undefined);
  assert.equal(state.mayHaveHealed, false);
  assert.deepEqual(state.counts, { committed: 1, conflict: 2, failed: 1 });
});

test('the store is believed to hang when transactions are in flight and none has ended for ten seconds', () => {
  const state = new StoreState();
  assert.equal(state.failureAt(1_000_000), undefined);
  state.begin(1_000_000);
  state.begin(1_005_000);
  assert.equal(state.failureAt(1_009_999), undefined);
  assert.match(state.failureAt(1_012_500) ?? '', /for 12 s/);
  // A trial would hang too.
  assert.equal(state.mayHaveHealed, false);
  state.end('committed', 1_012_600);
  assert.equal(state.failureAt(1_022_599), undefined);
  assert.match(state.failureAt(1_022_600) ?? '', /for 10 s/);
  state.end('committed', 1_022_600);
  assert.equal(state.failureAt(9_000_000), undefined);
});

test('a lost database stays lost', () => {
  const state = new StoreState();
  state.lose('The database file is gone.');
  state.begin(0);
  state.end('committed', 0);
  assert.equal(state.failureAt(0), 'The database file is gone.');
  assert.equal(state.mayHaveHealed, false);
});
