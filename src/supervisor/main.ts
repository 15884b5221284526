/** The entry of `postern start`. */
import { fileURLToPath } from 'node:url';
import { programUrl } from '../programs/programs.ts';
import { platformRefused } from './platform.ts';
import { start } from './start.ts';

const refused = platformRefused(process.platform);
if (refused !== undefined) process.stderr.write(`postern: ${refused}\n`);
process.exit(refused === undefined ? await start(process.argv.slice(3), fileURLToPath(programUrl('worker'))) : 1);
