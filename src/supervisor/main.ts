/** The entry of `postern start`. The worker's program lies beside this room, with the same extension: `.ts` in a checkout. */
import { extname, join } from 'node:path';
import { start } from './start.ts';

await start(process.argv.slice(3), join(import.meta.dirname, '..', `main${extname(import.meta.filename)}`));
