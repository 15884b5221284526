/** The examples of docs/how-to/test.md in a project of an ordinary user that has the package from its archive. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { notRun } from '../not-run.ts';
import { Installation, oldestNode } from './installation.ts';
import type { NodeOnPath } from './installation.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const chromium = '/usr/bin/chromium';

/** As a strict project has it. */
const compilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  module: 'nodenext',
  target: 'es2024',
  types: ['node'],
  resolveJsonModule: true,
  noEmit: true,
};

const playwrightConfiguration = `export default {
  workers: 1,
  use: { launchOptions: { executablePath: '${chromium}', chromiumSandbox: false } },
};
`;

/** A program for each module system that uses every member of a server. */
const consumer = (load: string) => `
${load}
async function main(): Promise<void> {
  await using postern = await startPostern({ clock: new Date('2030-01-01T00:00:00Z') });
  const secrets = new SecretClient(postern.vaultUrl('open'), postern.credential, postern.clientOptions);
  const { value, properties } = await secrets.getSecret('greeting');
  await postern.advance(1000);
  const { allowed, because } = await postern.explain({ vault: 'demo', from: 'demo-blue/workloads' });
  await postern.expectDenied({ vault: 'demo', secret: 'greeting' });
  const open: string = await postern.expectAllowed({ vault: 'open', secret: 'greeting', as: 'developer' });
  const names = (await postern.audit()).map(({ operationName }) => operationName);
  await postern.reset();
  const found = [names.includes('SecretGet'), postern.env['POSTERN_DATA'] !== undefined];
  console.log(value, properties.createdOn?.toISOString(), allowed, because, open, ...found);
}
void main();
`;

const consumers = {
  'program.mts': consumer(
    "import { SecretClient } from '@azure/keyvault-secrets';\nimport { startPostern } from 'postern';",
  ),
  'program.cts': consumer(
    "const { SecretClient } = require('@azure/keyvault-secrets') as typeof import('@azure/keyvault-secrets');\n" +
      "const { startPostern } = require('postern') as typeof import('postern');",
  ),
};

const ofNodeTest = ['boundary', 'office', 'more'].map((name) => `tests/node-test/${name}.test.ts`);

/** The program that the page starts: it finds the vault by its name and trusts it, and has sent no token. */
const appOfPage = `fetch(process.env.KEYVAULT_URL + '/secrets/db-password?api-version=7.4').then(({ status }) => {
  process.exitCode = status === 401 ? 0 : 1;
});
`;

const said =
  'hello from the open vault 2030-01-01T00:00:00.000Z true virtualNetworkRule hello from the open vault true true\n';

describe('a project with the package', () => {
  let installed: Installation;
  let node: NodeOnPath;

  before(async () => {
    installed = await Installation.make();
    node = installed.nodeOnPath(process.execPath);
    installed.npm(node, 'install', installed.archive);
    for (const name of ['@azure', '@playwright', '@types', 'jest', 'typescript', 'vitest']) {
      const link = join(installed.project, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), link);
    }
    const tests = join(installed.project, 'tests');
    cpSync(join(root, 'examples/testing'), tests, { recursive: true });
    const made = readdirSync(tests, { recursive: true, encoding: 'utf8' }).map((name) => join(tests, name));
    for (const file of [tests, ...made]) installed.give(file);
    write('package.json', '{ "private": true, "type": "module" }\n');
  });
  after(() => installed[Symbol.dispose]());

  function write(name: string, contents: string): void {
    writeFileSync(join(installed.project, name), contents);
    installed.give(join(installed.project, name));
  }

  const run = (...command: readonly string[]) => runOn(node, ...command);

  function runOn(on: NodeOnPath, ...command: readonly string[]): string {
    const { status, stdout, stderr } = installed.run(on, command, {
      NODE_DISABLE_COMPILE_CACHE: '1',
      CI: '1',
      NO_COLOR: '1',
    });
    assert.equal(status, 0, `${command.join(' ')}\n${stdout}\n${stderr}`);
    return `${stdout}${stderr}`;
  }

  const program = (name: string) => join('node_modules', name);

  it('compiles strictly, and runs, as an ES module and as a CommonJS module', () => {
    for (const [name, source] of Object.entries(consumers)) write(name, source);
    const options = JSON.stringify({
      compilerOptions,
      files: [...Object.keys(consumers), ...ofNodeTest],
    });
    write('tsconfig.json', options);
    run('node', program('typescript/bin/tsc'), '-p', 'tsconfig.json');
    const older = installed.nodeFromRegistry(oldestNode);
    for (const on of [node, ...(older === undefined ? [] : [older])]) {
      for (const name of Object.keys(consumers))
        assert.equal(runOn(on, 'node', name), said, `${name} on ${on.version}`);
    }
    write('wrong.mts', "import { startPostern } from 'postern';\nvoid startPostern({ vault: {} });\n");
    write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['wrong.mts'] }));
    const wrong = installed.run(node, ['node', program('typescript/bin/tsc'), '-p', 'tsconfig.json']);
    assert.match(wrong.stdout, /'vault' does not exist in type 'PosternOptions'/);
  });

  it('says on an older Node which command brings a newer one', () => {
    const line =
      /^startPostern needs Node 24 or newer, and this is 20\.\S+\. Run your tests on one: npx -p node@24 node --test/m;
    for (const load of ["import('postern')", "Promise.resolve(require('postern'))"]) {
      const source = `${load}.then((postern) => postern.startPostern()).catch((error) => console.log(error.message))`;
      const { stdout, stderr } = installed.run(installed.oldNode(), [
        'node',
        '--input-type=commonjs',
        '--eval',
        source,
      ]);
      assert.match(stdout, line, stderr);
    }
  });

  it('runs with node:test', () => {
    write('app.js', appOfPage);
    assert.match(run('node', '--test', ...ofNodeTest), /pass 5\n[^]*fail 0\n/);
  });

  it('runs with vitest', () => {
    assert.match(run('node', program('vitest/vitest.mjs'), 'run', 'tests/vitest'), /Tests {2}2 passed \(2\)/);
  });

  it('runs with Jest in CommonJS, whose loader cannot take in the server', () => {
    const output = run('node', program('jest/bin/jest.js'), '--rootDir', '.', 'tests/jest');
    assert.match(output, /Tests: {7}2 passed, 2 total/);
    assert.doesNotMatch(output, /did not exit|force exited/);
  });

  it('runs with Playwright', () => {
    if (!existsSync(chromium)) return notRun('the example for Playwright', "Debian's chromium is not installed");
    write('playwright.config.ts', playwrightConfiguration);
    assert.match(run('node', program('@playwright/test/cli.js'), 'test', 'tests/playwright'), /1 passed/);
  });

  it('runs with pytest', () => {
    const found = spawnSync('/usr/bin/python3', ['-c', 'import pytest, azure.keyvault.secrets']);
    if (found.status !== 0)
      return notRun('the example for pytest', "Debian's python3-pytest and python3-azure are not installed");
    assert.match(run('/usr/bin/python3', '-m', 'pytest', 'tests/pytest'), /1 passed/);
    assert.deepEqual(serversIn(installed.project), []);
  });
});

/** The command lines of the servers that run from this folder. */
function serversIn(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        // The process has ended meanwhile.
        return '';
      }
    })
    .filter((line) => line.includes(`${folder}/`));
}
