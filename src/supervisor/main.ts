/** The entry of `postern start`. */
import { fileURLToPath } from 'node:url';
import { programUrl } from '../programs/programs.ts';
import { start } from './start.ts';

process.exit(await start(process.argv.slice(3), fileURLToPath(programUrl('worker'))));
