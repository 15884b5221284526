/** A node that does a thousand transactions, 32 at a time, and says when it is done. */
import { encode } from '../../src/store/store.ts';
import { openStore } from './sessions.ts';

const [url = '', id = ''] = process.argv.slice(2);
await using store = await openStore(url, { node: { id, name: id, details: {} } });
let next = 0;
const worker = async (): Promise<void> => {
  while (next < 1_000) {
    const index = next;
    next += 1;
    await store.transact({ put: [{ key: `${id}/${index}`, value: encode(index) }] });
  }
};
await Promise.all(Array.from({ length: 32 }, worker));
process.stdout.write('done\n');
