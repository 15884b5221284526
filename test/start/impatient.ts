/** `postern start` with the real worker and a supervisor that waits for a silent worker for two seconds only. */
import { join } from 'node:path';
import { start } from '../../src/supervisor/start.ts';

const impatient = { everyMs: 100, missedMax: 20, missedStartingMax: 300 };
process.exitCode = await start(process.argv.slice(2), join(import.meta.dirname, '../../src/main.ts'), impatient);
