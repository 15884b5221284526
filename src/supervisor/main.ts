/** The entry of `postern start`. The worker's program is in the folder above, with the same extension: `.ts` in a checkout. */
import { extname, join } from 'node:path';
import { start } from './start.ts';

const program = join(import.meta.dirname, '..', `main${extname(import.meta.filename)}`);
process.exit(await start(process.argv.slice(3), program));
