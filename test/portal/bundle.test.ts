/** The bundle in `dist/portal/`, and the script that makes it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '../..');
const dist = join(root, 'dist/portal');
const script = join(root, 'tools/build-portal.mjs');
const page = readFileSync(join(dist, 'index.html'), 'utf8');
const assets = readdirSync(join(dist, 'assets')).filter((name) => !name.endsWith('.gz'));

/** Bytes as they are sent, compressed. */
function sentBytes(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + readFileSync(join(dist, 'assets', `${name}.gz`)).length, 0);
}

suite('the bundle', () => {
  const scripts = assets.filter((name) => name.endsWith('.js'));
  const styles = assets.filter((name) => name.endsWith('.css'));
  const first = scripts.filter((name) => page.includes(name));

  test('keeps its budget: 100 kB of scripts, 35 for the first view, 8 of styles', () => {
    assert.ok(first.length > 0 && styles.length > 0);
    for (const [names, most] of [
      [scripts, 100_000],
      [first, 35_000],
      [styles, 8_000],
    ] as const) {
      assert.ok(sentBytes(names) <= most, `${names.join(', ')}: ${sentBytes(names)} bytes, and ${most} is the budget`);
    }
  });

  test('has for each file the same, compressed', () => {
    for (const path of ['index.html', ...assets.map((name) => `assets/${name}`)]) {
      const [plain, compressed] = [path, `${path}.gz`].map((name) => readFileSync(join(dist, name)));
      assert.ok(plain !== undefined && compressed !== undefined && gunzipSync(compressed).equals(plain), path);
    }
  });

  test('has no script or style in the page, and nothing of another server', () => {
    assert.doesNotMatch(page, /<style|style=|<script(?![^>]*\bsrc=)|\bon[a-z]+=|https?:/);
  });
});

suite('the script that bundles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bundle-'));
  const copy = join(folder, 'tools/build-portal.mjs');
  mkdirSync(join(folder, 'tools'));
  copyFileSync(script, copy);

  after(() => {
    rmSync(folder, { recursive: true });
  });

  test('without Vite ends well where npm starts it, with one line that says how to go on', () => {
    const line = execFileSync(process.execPath, [copy, '--where-possible'], { encoding: 'utf8' });
    assert.match(line, /^The portal is not built, because Vite is not installed here: .*npm run build:portal.*\n$/);
  });

  test('without Vite fails where it was asked for', () => {
    const { status, stderr } = spawnSync(process.execPath, [copy], { encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /Cannot find package 'vite'/);
  });
});
