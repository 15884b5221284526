import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { releaseFaults } from '../../tools/release-faults.ts';

const root = join(import.meta.dirname, '../..');
const url = 'git+https://git.example/postern.git';
const good = {
  manifest: { version: '1.2.3', repository: { type: 'git', url } },
  changelog: '# Changelog\n\n## 1.2.3\n',
};

test('a release with its tag, its changes and its repository has nothing against it', () => {
  assert.deepEqual(releaseFaults('v1.2.3', good), []);
});

test('each fault of a release is named with its remedy', () => {
  const { manifest, changelog } = good;
  const rows: readonly (readonly [string, typeof good | { manifest: unknown; changelog: string }, RegExp])[] = [
    ['v1.2.4', good, /^The tag is v1\.2\.4, and package\.json has 1\.2\.3: name the tag v1\.2\.3\.$/],
    ['v1.2.3', { manifest, changelog: '## Unreleased\n\n### 1.2.3\n' }, /^CHANGELOG\.md has no heading "## 1\.2\.3"/],
    ['v1.2.3', { manifest: { version: '1.2.3' }, changelog }, /^package\.json has no repository/],
    [
      'v1.2.3',
      { manifest: { ...manifest, repository: { url: 'https://x' } }, changelog },
      /^package\.json has no repository/,
    ],
    [
      'v1.2.3',
      { manifest: { ...manifest, dependencies: { pino: '1' } }, changelog },
      /^package\.json has dependencies/,
    ],
  ];
  for (const [tag, release, fault] of rows) {
    const faults = releaseFaults(tag, release);
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] ?? '', fault);
  }
});

test('this tree is not published before its repository is known', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').replace('## Unreleased', `## ${manifest.version}`);
  const faults = releaseFaults(`v${manifest.version}`, { manifest, changelog });
  assert.deepEqual(
    faults.map((fault) => fault.split(':')[0]),
    ['package.json has no repository whose url begins with git+https'],
  );
});
