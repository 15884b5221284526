import { openPostgresStore } from '../../src/store/postgres/postgres.ts';
import { conformance, onDisk } from '../store/conformance.ts';

let schemas = 0;

/** The conformance of the store on a database that the tests before it have started; each store has a schema of its own. */
export function conformsOn(name: string, url: () => string): void {
  conformance(
    name,
    (options = {}) => {
      schemas += 1;
      const [schema, node] = [`store_${schemas}`, { id: 'one', name: 'one', details: {} }];
      const folder = { [Symbol.asyncDispose]: async () => {} };
      return onDisk(folder, () => openPostgresStore({ url: url(), schema, node, now: Date.now, ...options }));
    },
    'durable',
  );
}
