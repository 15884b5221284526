/**
 * Code that a compromised worker can leave in its data folder so that the next one, which begins as root, runs it:
 * libraries, modules and programs, in the folder where a process looks if its search path has an empty member.
 */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { watched } from '../../tools/turns.ts';
import { dataFolder, startCommand, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const worker = 61_043;

function isRoot(): boolean {
  if (process.geteuid?.() === 0) return true;
  notRun('code planted in the data folder', 'needs root');
  return false;
}

/** Writes a file as the worker could. */
function plant(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
  for (const each of [dirname(path), path]) chownSync(each, worker, worker);
}

/** Starts with variables of the environment that an operator may well have. */
function startWith(variables: Readonly<Record<string, string>>, data: string): Promise<RunningPostern> {
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return startCommand(['env', ...set, postern, 'start', '--data', data]);
}

/** Records who ran it in a file that both root and the worker may write. */
function program(ran: string, form: 'module' | 'script'): string {
  if (form === 'script') return `#!/bin/sh\nid -u >>${ran}\nexit 1\n`;
  return `require('node:fs').appendFileSync(${JSON.stringify(ran)}, process.geteuid() + '\\n');\n`;
}

test('root loads no library and no module from the data folder, at a start or after a worker was killed', async () => {
  if (!isRoot()) return;
  using data = dataFolder();
  using other = dataFolder();
  chmodSync(other.path, 0o755);
  const ran = join(other.path, 'ran');
  writeFileSync(ran, '', { mode: 0o666 });
  chmodSync(ran, 0o666);
  // The module that the operator means; it is found only if the folder has none of that name.
  const meant = join(other.path, 'modules/planted/index.js');
  mkdirSync(dirname(meant), { recursive: true });
  writeFileSync(meant, '');
  const { NODE_OPTIONS: options = '' } = watched(process.env);
  const variables = {
    // The result of `LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/opt/lib` if it was empty before.
    LD_LIBRARY_PATH: ':/opt/lib',
    NODE_PATH: join(other.path, 'modules'),
    NODE_OPTIONS: `${options} --require planted`.trim(),
  };
  await (await startWith(variables, data.path)).end('SIGTERM');
  plant(join(data.path, 'node_modules/planted/index.js'), program(ran, 'module'));
  // Not real libraries: a process that looks here does not start.
  for (const name of ['libc.so.6', 'libdl.so.2', 'libm.so.6']) plant(join(data.path, name), 'planted');
  await using world = await startWith(variables, data.path);
  const first = world.workerPid();
  process.kill(first, 'SIGKILL');
  await until(() => world.stderr().split('"msg":"ready"').length === 3, 'another worker');
  assert.equal(readFileSync(ran, 'utf8'), '');
});

test('root runs no program of the data folder on its way into a closed one', async () => {
  if (!isRoot()) return;
  using home = dataFolder();
  using other = dataFolder();
  chmodSync(home.path, 0o700);
  chmodSync(other.path, 0o755);
  const ran = join(other.path, 'ran');
  writeFileSync(ran, '');
  chmodSync(ran, 0o666);
  const data = join(home.path, 'data');
  const variables = { PATH: `:.:${process.env['PATH']}`, LD_LIBRARY_PATH: ':/opt/lib' };
  await (await startWith(variables, data)).end('SIGTERM');
  for (const name of ['unshare', 'sh', 'mount', 'setpriv', 'node']) plant(join(data, name), program(ran, 'script'));
  plant(join(data, 'libc.so.6'), 'planted');
  await using world = await startWith(variables, data);
  assert.equal((await world.client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' })).status, 200);
  assert.equal(readFileSync(ran, 'utf8'), '');
  rmSync(ran);
});
