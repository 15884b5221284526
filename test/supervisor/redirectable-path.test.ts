import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, chown, lchown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutNewPrivileges } from '../../src/supervisor/new-privileges.ts';
import { canRedirect, redirectedBy } from '../../src/supervisor/redirectable-path.ts';
import { notRun } from '../not-run.ts';
import { newFolder } from './supervised.ts';

const worker = { uid: 61_043, gid: 61_043 };

test('the worker can redirect paths through its own or writable folders and links, and no others', async (t) => {
  if (process.geteuid?.() !== 0) {
    notRun('ways that the worker may change', 'needs root');
    return;
  }
  const root = await newFolder(t);
  const at = (...names: readonly string[]) => join(root, ...names);
  for (const name of ['ours', 'theirs', 'group', 'open', 'sticky']) await mkdir(at(name), { mode: 0o755 });
  await chown(at('theirs'), worker.uid, worker.gid);
  await chown(at('group'), 0, worker.gid);
  for (const [name, mode] of [
    ['group', 0o770],
    ['open', 0o777],
    ['sticky', 0o1777],
  ] as const)
    await chmod(at(name), mode);
  await writeFile(at('ours', 'file'), '');
  await chown(at('ours', 'file'), worker.uid, worker.gid);
  await symlink(at('ours'), at('link'));
  await symlink('ours', at('link-of-theirs'));
  await lchown(at('link-of-theirs'), worker.uid, worker.gid);
  await symlink('../ours', at('theirs', 'link'));
  await symlink('theirs/link', at('link-through-theirs'));
  await symlink('loop', at('loop'));
  const chosen = {
    'ours/file': false,
    'ours/none/deeper': false,
    'link/file': false,
    'sticky/file': false,
    'group/file': true,
    'open/file': true,
    theirs: false,
    'theirs/file': true,
    'theirs/../ours/file': true,
    'link-of-theirs/file': true,
    'link-through-theirs/file': true,
    'loop/file': false,
  };
  for (const [path, expected] of Object.entries(chosen))
    assert.equal(canRedirect(worker, `${root}/${path}`), expected, path);
  const anyone = {
    'ours/file': undefined,
    'sticky/file': undefined,
    'group/file': 'the group 61043',
    'open/file': 'every user',
    theirs: undefined,
    'theirs/file': 'uid 61043',
    'link-of-theirs/file': 'uid 61043',
    'link-through-theirs/file': 'uid 61043',
  };
  for (const [path, expected] of Object.entries(anyone)) assert.equal(redirectedBy(`${root}/${path}`), expected, path);
});

test('the worker is started without new privileges if setpriv exists; otherwise the operator is told', () => {
  const isSet = process.platform !== 'linux' || /^NoNewPrivs:\t1$/m.test(readFileSync('/proc/self/status', 'utf8'));
  if (isSet) {
    assert.deepEqual(withoutNewPrivileges('/nowhere'), { command: [] });
    return;
  }
  const { command, notice } = withoutNewPrivileges('bin:/nowhere');
  assert.deepEqual(command, []);
  assert.match(notice ?? '', /^setpriv was not found on PATH.* Install util-linux\.$/);
  assert.deepEqual(withoutNewPrivileges('/nowhere', 'darwin'), { command: [] });
});
