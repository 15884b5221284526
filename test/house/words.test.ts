import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bans, wordsOf } from './words.ts';

interface Sample {
  readonly what: string;
  readonly path?: string;
  readonly bad: readonly string[];
  readonly good: readonly string[];
}

/** For each ban a few lines that break it and their near misses. For a ban of paths the samples are paths. */
const samples: readonly Sample[] = [
  {
    what: 'a word that puts work off',
    path: 'README.md',
    bad: ['TODO: x', '// FIXME', 'XXX'],
    good: ['todo list', 'XXXL'],
  },
  {
    what: 'a drawer',
    bad: [
      'src/utils/a.ts',
      'src/http/helpers.ts',
      'test/common.ts',
      'src/store/index.ts',
      'src/vault-manager.ts',
      'src/data-factory.ts',
      'examples/trusted-services/vault-factory.ts',
      'examples/trusted-services/parts/data-factory.ts',
    ],
    good: [
      'src/store/index-of-keys.ts',
      'src/uncommon.ts',
      'docs/commonly.md',
      'examples/trusted-services/data-factory.ts',
    ],
  },
  {
    what: 'a name that says nothing',
    bad: ['export class VaultManager {', 'interface StoreFactory {', 'const stringUtils = {'],
    good: ['// Resource Manager', 'const manager = x;', 'const utilisation = 1;'],
  },
  {
    what: 'an interface that says that it is one',
    bad: ['interface IStore {', 'export type IVault = string;'],
    good: ['interface IpRule {', 'interface Issuer {', 'type IPv4Range = string;', 'type IPRule = string;'],
  },
  {
    what: 'a test that does not run',
    path: 'test/store/a.test.ts',
    bad: [
      "it('x', { skip: true }, () => {",
      "describe('x', { todo: 'later' }, () => {",
      "test('x', { timeout: 1, only })",
    ],
    good: [
      "it('does not skip the record', () => {",
      "it('is for one only, and more', async () => {",
      'const only: string[] = [];',
    ],
  },
  { what: 'a clock in a room', bad: ['const t = new Date();'], good: ['const t = new Date(now());', 'new Dates()'] },
  {
    what: 'an import that the import rules do not see',
    bad: ['await import(path)', 'await import(`../a.ts`)', 'new URL(`../store/a${extension}`, import.meta.url)'],
    good: [
      "await import('./a.ts')",
      'new URL(`./child${extension}`, import.meta.url)',
      'new URL(`../main${extension}`)',
      'keys.import(key)',
      'reimport(x)',
    ],
  },
  {
    what: 'a file that has another name in dist/',
    bad: ["new URL('./child.ts', import.meta.url)"],
    good: ['new URL(`./child${extname(import.meta.filename)}`, import.meta.url)', "import('./child.ts')"],
  },
  {
    what: 'a rule switched off without a reason',
    bad: ['// oxlint-disable-next-line no-console', '// oxlint-disable-line no-console -- '],
    good: ['// oxlint-disable-next-line no-console -- the child has no logger'],
  },
  { what: 'code that is not formatted', bad: ['// prettier-ignore'], good: ['// ignored by prettier'] },
  {
    what: 'two assertions in place of a check',
    bad: ['x as unknown as Vault'],
    good: ['x as unknown', 'known as Vault'],
  },
  {
    what: 'a body that is parsed at an edge',
    path: 'src/data-plane/secrets/set.ts',
    bad: ['JSON.parse(body)'],
    good: ['JSON.stringify(body)', 'parse(body)'],
  },
  {
    what: 'a refusal that an edge returns',
    path: 'src/control-plane/operation.ts',
    bad: ['  return { ok: false, refusal };', '  | { readonly ok: false; readonly refusal: ControlRefusal }'],
    good: ['  return { ok: false, status, message };', '  if (!put.ok) throw new Refused(put.refusal);'],
  },
  {
    what: 'TLS that trusts any server',
    path: 'docs/try.md',
    bad: [
      'rejectUnauthorized: false',
      'NODE_TLS_REJECT_UNAUTHORIZED=0',
      'curl -sk https://a',
      'curl --insecure https://a',
    ],
    good: ['rejectUnauthorized: true', 'curl -s --cacert ca.pem https://kiosk', 'kubectl -k x'],
  },
  {
    what: 'a path of one machine',
    path: 'docs/try.md',
    bad: ['/work/main/src', 'cd /root/x', "'/home/ann/postern'", '/Users/ann/postern'],
    good: ['docs/work/a.md', '/workspaces/a', 'the /root', '/homes/ann', '/home/ada/postern-data', '../root/a'],
  },
  {
    what: 'a folder that not every machine has',
    bad: ["'/tmp/a'", '`/tmp`'],
    good: ["'/tmpfs'", "join(tmpdir(), 'a')"],
  },
  {
    what: 'the host name of a registry',
    path: '.npmrc',
    bad: ['registry=https://registry.npmjs.org/', 'https://npm.pkg.github.com'],
    good: ['the npm registry', 'omit-lockfile-registry-resolved=true'],
  },
  {
    what: 'an old word for again',
    bad: ['// It is read anew.', "message: 'begin anew'"],
    good: ['// It is a new one.', 'const anewer = 1;'],
  },
  {
    what: 'a negation by "none"',
    bad: ['// A key whose p is none.', "const rule = 'it is none that is known';"],
    good: ['// `undefined` if there is none.', '// none of them'],
  },
  {
    what: 'a negation by "no"',
    bad: ['// A value that is no name is refused.', "return mismatch(call, 'the text is no date');"],
    good: ['// It is no longer valid.', '// There is no such subnet.', '// It is not a name.'],
  },
  {
    what: 'a comment that speaks of who or what',
    bad: ['/** What a vault is given. */', '  // Whoever comes now is refused.', '/** Whose it is. */'],
    good: ['/** Whether a vault exists. */', '// The caller that it names.', "it('What it is', () => {"],
  },
  {
    what: 'a comment in which things stand',
    bad: ['/** Where the log stands. */', ' * no two may stand there', '// as it stood'],
    good: ['// The digest stands for it.', '// as we understand it', 'const stands = 1;'],
  },
  {
    what: 'a comment that calls a string a text',
    bad: ['/** The text of a template. */', '// two texts'],
    good: ['// in plain text', '// the ciphertext', '// a block of the type `text`', 'const text = 1;'],
  },
  {
    what: 'a comment about somebody',
    bad: ['/** Somebody who signs in. */', ' * nobody else', '// not anybody’s'],
    good: ['/** A user who signs in. */', 'const nobody = 1;'],
  },
  {
    what: 'an interface called world',
    bad: ['interface DueWorld {', 'export type World = string;'],
    good: ['interface DueServices {', 'const world = 1;'],
  },
  {
    what: 'a line of more than 140 columns',
    bad: ['x'.repeat(141), `${' '.repeat(9)}call(a, '${'x'.repeat(140)}')`],
    good: [
      'x'.repeat(140),
      `  message: '${'x'.repeat(140)}',`,
      `  ({ a }) => \`${'x'.repeat(140)}\`,`,
      `  ? '${'x'.repeat(140)}'`,
    ],
  },
];

describe('the banned words', () => {
  it('have samples, each of them', () => {
    assert.deepEqual(
      samples.map(({ what }) => what),
      bans.map(({ what }) => what),
    );
  });

  for (const { what, path = 'src/ingress/a.ts', bad, good } of samples) {
    const ban = bans.find((other) => other.what === what);
    const ofSample = (sample: string) =>
      wordsOf(ban?.subject === 'path' ? { path: sample, text: '' } : { path, text: `\n${sample}\n` });

    it(`${what} is refused, and its near misses are not`, () => {
      for (const sample of bad) {
        const found = ofSample(sample);
        assert.equal(found.length, 1, `${sample}: ${found.join(' ')}`);
        assert.match(found[0] ?? '', new RegExp(`: ${what}\\. Instead: ${ban?.instead.slice(0, 6)}`), sample);
      }
      for (const sample of good) assert.deepEqual(ofSample(sample), [], sample);
    });
  }

  it('hold the pages of the portal and the documents, too', () => {
    for (const path of ['src/portal/main.tsx', 'SECURITY.md']) {
      assert.equal(wordsOf({ path, text: '/** It begins anew. */' }).length, 1, path);
      assert.equal(wordsOf({ path, text: '// A gateway is no proxy.' }).length, 1, path);
    }
    assert.equal(wordsOf({ path: 'src/portal/main.tsx', text: '/** What it draws. */' }).length, 1);
    assert.deepEqual(wordsOf({ path: 'SECURITY.md', text: 'What it draws.' }), []);
  });

  it('name the line', () => {
    assert.match(wordsOf({ path: 'a.md', text: 'x\nFIXME\n' })[0] ?? '', /^a\.md:2: /);
  });

  it('about clocks spare the processes that own one', () => {
    for (const path of ['src/main.ts', 'src/cli/explain.ts', 'src/supervisor/main.ts', 'test/store/a.test.ts']) {
      assert.deepEqual(wordsOf({ path, text: 'new Date()' }), [], path);
    }
  });
});
