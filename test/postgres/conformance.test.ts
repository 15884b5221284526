import { after, before, describe } from 'node:test';
import { havePostgres, startPostgres } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { conformsOn } from './conforms.ts';

if (havePostgres('the conformance of the store behind PgBouncer', { bouncer: true })) {
  describe('the store in PostgreSQL behind PgBouncer', () => {
    let cluster: Cluster;
    before(async () => {
      cluster = await startPostgres({ bouncer: true });
    });
    after(() => cluster[Symbol.asyncDispose]());
    conformsOn('postgres by PgBouncer', () => cluster.bouncerUrl);
  });
}
