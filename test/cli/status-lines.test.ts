import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statusLines } from '../../src/cli/status/status-lines.ts';

const place = { home: 'https://localhost:8443', nowMs: Date.parse('2026-11-27T12:00:30Z') };
const started = {
  version: '0.1.0',
  startedAt: '2026-11-27T10:55:00Z',
  pid: 7,
  checks: [],
  warnings: [],
  listeners: [],
};
const lines = (status: object) => statusLines(new Map(Object.entries(status)), place);

describe('the status of a server', () => {
  it('has a line for each part that it knows', () => {
    const status = {
      ...started,
      ready: true,
      worker: { pid: 8, restarts: 0 },
      listeners: [
        { kind: 'public', address: '::1', port: 8443 },
        { kind: 'gateway', path: '/run/x.sock' },
        { kind: 'operator' },
      ],
      connections: 3,
      store: { databaseBytes: 1_234_567, committed: 1200, conflicts: 0, failed: 0 },
      audit: { records: 5, bytes: 900 },
      disk: { freeBytes: 5e9, totalBytes: 2e10 },
      sinks: [{ name: 'otlp/x', records: 4, backlogBytes: 0, gaps: 2, failure: { message: 'refused', since: 'noon' } }],
      certificates: [
        { name: 'server', notAfter: '2026-12-07T12:00:00Z' },
        { name: 'old', notAfter: '2026-11-27T12:00:00Z' },
      ],
      warnings: [{ name: 'x', message: 'It runs out.', remedy: 'Renew it.' }],
    };
    assert.deepEqual(lines(status), [
      'Postern 0.1.0 at https://localhost:8443 serves',
      '  running      for 1 h 5 min, process 7, its worker 8',
      '  listener     [::1]:8443 (public)',
      '  listener     /run/x.sock (gateway)',
      '  connections  3',
      '  store        1.2 MB, 1,200 changes, 0 failed',
      '  audit log    900 bytes, 5 records',
      '  disk         5.0 GB of 20.0 GB free',
      '  sink         otlp/x: 4 records, 0 bytes not delivered yet, 2 gaps; failing since noon: refused',
      '  certificate  server until 2026-12-07T12:00:00Z (9 days left)',
      '  certificate  old until 2026-11-27T12:00:00Z (expired)',
      'warning: It runs out.',
      '  Renew it.',
    ]);
  });

  it('says why it does not serve, and only what is known', () => {
    const checks = [
      { name: 'store', ok: true },
      { name: 'worker', ok: false, why: 'It does not\u001B[2J answer.' },
    ];
    assert.deepEqual(lines({ ...started, ready: false, checks, worker: { restarts: 2 } }), [
      'Postern 0.1.0 at https://localhost:8443 does not serve',
      '  worker: It does not?[2J answer.',
      '  running      for 1 h 5 min, process 7, its worker not there, restarted 2 times',
    ]);
  });
});
