/**
 * `npm run readers`: the whole of `test/data-plane` and `test/control-plane` on servers with two readers each.
 * `npm run readers -- test/graph` runs files and folders alone. A server that has settings which exclude readers is
 * started without, and the last lines say so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readersVariable } from '../test/world/readers-options.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const from = process.env['INIT_CWD'] ?? process.cwd();
const all = ['test/data-plane', 'test/control-plane'].map((path) => join(root, path));
const asked = process.argv.length > 2 ? process.argv.slice(2).map((path) => resolve(from, path)) : all;
const child = spawn(process.execPath, [join(root, 'tools/test.ts'), ...asked], {
  stdio: 'inherit',
  env: { ...process.env, [readersVariable]: '2' },
});
await once(child, 'exit');
process.exitCode = child.exitCode ?? 1;
