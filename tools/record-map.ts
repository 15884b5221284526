import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { knownKinds } from '../src/store/keys.ts';
import { markdownTable } from './markdown-table.ts';

const introduction = `# Records

What the store holds: every kind of record, by what its keys begin with. \`npm run check -- --write\` generates this page from what the
rooms declare with \`recordKind\` ([\`store/keys.ts\`](../../src/store/keys.ts)). A name in braces is one segment of the key. After a slash
at the end comes what tells the records of the kind apart. Keys are stored in clear, what the records hold is sealed.

The version is that of the records that this release writes. It reads older ones as well, and refuses newer ones. A record of version 1
is JSON; one of version 2 has \`v2\` and a space before it, and so on.
`;

/** The page `docs/reference/records.md`, in prettier's layout. */
export async function recordMap(): Promise<string> {
  await loadKinds();
  const rows = knownKinds().map(({ pattern, owner, holds, version }) => [`\`${pattern}\``, owner, holds, `${version}`]);
  return `${introduction}\n${markdownTable(['keys', 'room', 'what a record holds', 'version'], rows)}`;
}

/** Loads every module that declares a kind of records. */
async function loadKinds(): Promise<void> {
  const source = new URL('../src/', import.meta.url);
  for await (const path of glob('*/**/*.ts', { cwd: fileURLToPath(source) })) {
    const module = new URL(path, source);
    if ((await readFile(module, 'utf8')).includes(' recordKind')) await import(module.href);
  }
}
