import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTree } from './tree.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const path = process.env['PATH'] ?? '';

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(cwd: string, PATH: string, [program, ...words]: readonly [string, ...string[]]): Answer {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, PATH, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  return { status, stdout, stderr };
}

/** The npm that runs these tests, or else the one on PATH, on the Node of the person who called it. */
function npm(cwd: string, ...words: readonly string[]): void {
  const { status, stdout, stderr } = run(cwd, path, ['npm', ...words, '--no-audit', '--no-fund', '--loglevel=error']);
  assert.equal(status, 0, `npm ${words.join(' ')}: ${stdout}${stderr}`);
}

/** A folder for PATH in which `node` is what this shell script runs. */
async function folderWithNode(folder: string, script: string): Promise<string> {
  await mkdir(folder);
  await writeFile(join(folder, 'node'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'node'), 0o755);
  return `${folder}${delimiter}${path}`;
}

/** A Node below 24: this machine's own where it has one, else this one saying that it is 20. */
function oldNode(): string {
  const programs = path.split(delimiter).map((folder) => join(folder, 'node'));
  const real = programs.find((program) => {
    const major = /^v(\d+)\./.exec(run(root, path, [program, '--version']).stdout)?.[1];
    return major !== undefined && Number(major) < 24;
  });
  const claim = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';
  return real === undefined ? `exec '${process.execPath}' --import='${claim}' "$@"` : `exec '${real}' "$@"`;
}

describe('the published package, installed into an empty project', () => {
  let folder: string;
  let project: string;
  let newPath: string;
  let oldPath: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-package-'));
    project = join(folder, 'project');
    const checkout = join(folder, 'checkout');
    for (const file of await readTree(root)) {
      await mkdir(dirname(join(checkout, file.path)), { recursive: true });
      await writeFile(join(checkout, file.path), file.text);
    }
    for (const program of ['runtime/node', 'bin/postern']) await chmod(join(checkout, program), 0o755);
    await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
    npm(checkout, 'pack', '--pack-destination', folder);
    const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{ "private": true }\n');
    npm(project, 'install', '--prefer-offline', join(folder, archive ?? ''));
    newPath = await folderWithNode(join(folder, 'new'), `exec '${process.execPath}' "$@"`);
    oldPath = await folderWithNode(join(folder, 'old'), oldNode());
  });
  after(() => rm(folder, { recursive: true }));

  it('holds what it runs and its documents, and no sources, tests, tools or Node', async () => {
    const holds = await readdir(join(project, 'node_modules/postern'));
    const may = new Set([
      'CHANGELOG.md',
      'ARCHITECTURE.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'bin',
      'dist',
      'docs',
      'package.json',
    ]);
    assert.deepEqual(
      holds.filter((name) => !may.has(name)),
      [],
    );
    assert.deepEqual(await readdir(join(project, 'node_modules/postern/dist')), ['portal', 'src']);
    const names = await readdir(join(project, 'node_modules/postern/dist/src'), { recursive: true });
    assert.ok(names.includes('store/store.js'));
    assert.deepEqual(
      names.filter((name) => name.endsWith('.ts')),
      [],
    );
  });

  it("does not touch the project's own node", async () => {
    const programs = await readdir(join(project, 'node_modules/.bin'));
    assert.ok(programs.includes('postern'));
    assert.ok(!programs.includes('node'));
    const packages = await readdir(join(project, 'node_modules'));
    assert.deepEqual(
      packages.filter((name) => name.startsWith('node-')),
      [],
    );
  });

  it('starts on the Node on PATH', () => {
    const { status, stdout, stderr } = run(project, newPath, ['node_modules/.bin/postern', '--help']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\bpostern start\b/);
  });

  it('names the remedy where that Node is too old', () => {
    const { status, stdout, stderr } = run(project, oldPath, ['node_modules/.bin/postern', '--help']);
    assert.match(stderr, /^postern: needs Node 24 or newer, and this is \d+\.\d+\.\d+\. Install a newer Node/);
    assert.equal(stdout, '');
    assert.equal(status, 1);
  });

  it('is not what a checkout needs: that one starts on its own Node, also through a link', async () => {
    await symlink(join(root, 'bin/postern'), join(folder, 'linked'));
    const { status, stdout, stderr } = run(folder, oldPath, ['./linked', '--help']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\bpostern start\b/);
  });
});
