import assert from 'node:assert/strict';
import { parseTarget } from '../../../src/store/postgres/target.ts';
import type { FuzzTarget } from '../target.ts';
import { bytesOf, textOf } from '../target.ts';

/** A database's URL: its hosts are named and its ports possible, and what is not loopback is verified unless it says otherwise. */
export const databaseUrl: FuzzTarget = {
  form: 'text',
  words: ['postgres://', '@', ':', '/', ',', '?', '&', '[::1]', '%40', 'sslmode=', 'disable', 'verify-full', 'host='],
  samples: () => ({
    inputs: [
      'postgres://postern:secret@db.example:6432,[2001:db8::1]/postern?sslmode=verify-full&application_name=a',
      'postgres:///postern?host=/var/run/postgresql&user=postern',
      'postgresql://u%40b@localhost/d?sslmode=disable',
    ].map(bytesOf),
    read(input) {
      const url = textOf(input);
      const parsed = parseTarget(url);
      if (!parsed.ok) {
        assert.ok(parsed.fault.length < 5_000);
        return;
      }
      const { hosts, database, tls } = parsed.target;
      assert.ok(hosts.length > 0 && database.length > 0);
      for (const host of hosts) {
        if (host.kind === 'socket') continue;
        assert.ok(host.host !== '' && host.port >= 1 && host.port <= 65_535);
        const isNear = ['localhost', '::1'].includes(host.host) || host.host.startsWith('127.');
        assert.ok(isNear || tls.mode === 'verified' || url.includes('disable') || url.includes('%'), url);
      }
    },
  }),
};
