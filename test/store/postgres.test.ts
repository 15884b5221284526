import { after, before, describe } from 'node:test';
import { havePostgres, startPostgres } from '../postgres/cluster.ts';
import type { Cluster } from '../postgres/cluster.ts';
import { conformsOn } from '../postgres/conforms.ts';

if (havePostgres('the conformance of the store in PostgreSQL')) {
  describe('the store in PostgreSQL', () => {
    let cluster: Cluster;
    before(async () => {
      cluster = await startPostgres();
    });
    after(() => cluster[Symbol.asyncDispose]());
    conformsOn('postgres', () => cluster.url);
  });
}
