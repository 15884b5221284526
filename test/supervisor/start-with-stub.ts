import { join } from 'node:path';
import { start } from '../../src/supervisor/start.ts';

process.exitCode = await start(process.argv.slice(2), join(import.meta.dirname, 'stub-worker.ts'));
