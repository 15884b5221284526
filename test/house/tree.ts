import { execFile } from 'node:child_process';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface SourceFile {
  /** From the root of the checkout, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every file of the checkout that is written by hand, each read once. */
export async function readTree(root: string): Promise<readonly SourceFile[]> {
  const paths = (await fromGit(root)) ?? (await fromFolders(root));
  const files = await Promise.all(paths.map(async (path) => read(root, path)));
  return files.filter((file) => file !== undefined).toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function read(root: string, path: string): Promise<SourceFile | undefined> {
  // Git goes on listing a file that was deleted and not yet committed.
  const state = await lstat(join(root, path)).catch(() => undefined);
  if (state?.isFile() !== true) return undefined;
  // A picture has no words.
  return { path, text: path.endsWith('.png') ? '' : await readFile(join(root, path), 'utf8') };
}

/** The files that Git knows or would add. Empty without Git, or if it does not trust the owner of the folder. */
async function fromGit(root: string): Promise<readonly string[] | undefined> {
  try {
    const listed = await promisify(execFile)('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      maxBuffer: 2 ** 26,
    });
    const paths = listed.stdout.split('\0').filter((path) => path !== '');
    return paths.length === 0 ? undefined : [...new Set(paths)];
  } catch {
    return undefined;
  }
}

/** An unpacked tree without Git: what `.gitignore` names is left out. */
async function fromFolders(root: string, folder = ''): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const mine = entries.filter(({ name }) => !/^(?:\.git|node_modules|dist|postern-data)$|\.(?:log|tgz)$/.test(name));
  const paths = await Promise.all(
    mine.map(async (entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? fromFolders(root, path) : [path];
    }),
  );
  return paths.flat();
}
