import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { promisify } from 'node:util';
import { readTree } from './tree.ts';

const written = ['.gitignore', 'a.md', 'src/.hidden/b.ts', 'src/store/c.ts'];
const ignored = ['node_modules/d.js', 'dist/e.js', 'runtime/node_modules/f.js', 'postern-data/g', 'h.log', 'src/i.tgz'];

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'postern-tree-'));
  for (const path of [...written, ...ignored]) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), path);
  }
  await writeFile(join(root, '.gitignore'), 'node_modules/\ndist/\n/postern-data/\n*.log\n*.tgz\n');
});
after(() => rm(root, { recursive: true }));

const paths = async () => (await readTree(root)).map(({ path }) => path);

it('an unpacked tree without Git is read without what is made', async () => {
  assert.deepEqual(await paths(), written);
  assert.equal((await readTree(root))[1]?.text, 'a.md');
});

it('a checkout is read with what is not committed yet, and without what was deleted', async () => {
  const git = (...words: readonly string[]) => promisify(execFile)('git', words, { cwd: root });
  await git('init', '--quiet');
  assert.deepEqual(await paths(), written);
  await git('add', '.');
  await rm(join(root, 'a.md'));
  assert.deepEqual(
    await paths(),
    written.filter((path) => path !== 'a.md'),
  );
});
