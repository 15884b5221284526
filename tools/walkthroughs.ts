/**
 * `npm run walkthroughs`: types what the pages of the documentation say, on networks that it makes, and runs the lessons of
 * the trusted services and the playbooks.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { longSuites } from './long-suites.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const paths = longSuites.walkthroughs.map((path) => join(root, path));
const { status } = spawnSync(process.execPath, [join(root, 'tools/test.ts'), ...paths], { stdio: 'inherit' });
process.exitCode = status ?? 1;
