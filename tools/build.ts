/**
 * `npm run build`: bundles each program of `src/programs/programs.ts` into one file of `dist/programs/`, and the portal
 * into `dist/portal/`; beside them the licenses of the packages that are in them. `npm pack` ships these.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { programNames, programs } from '../src/programs/programs.ts';
import type { ProgramName } from '../src/programs/programs.ts';
import { withoutImportsOfNode } from './imports-of-node.ts';
import { licensesIn, packagesOf } from './licenses.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const built = join(root, 'dist/programs');

/**
 * Programs that have code in common, which is in the package once, in chunks. The command line and the server in a program
 * load parts of them later: a command when it is asked for, the server when one is started. Every other program must read
 * nothing after its start; a reader has a part of the worker, and both import it before they begin.
 */
const families: readonly (readonly [ProgramName, ...ProgramName[]])[] = [
  ['imported', 'server-child', 'cli'],
  ['worker', 'reader'],
];

await rm(built, { recursive: true, force: true });
const modules = [...(await bundlePortal()), ...(await bundlePrograms())];
await writeDeclarations();
await writeFile(join(root, 'dist/THIRD-PARTY-LICENSES.md'), licensesIn(packagesOf(root, modules)));

/** Returns the modules that are in it. */
async function bundlePortal(): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-build-'));
  const list = join(folder, 'modules.json');
  const step = [join(root, 'tools/build-portal.mjs'), '--list-modules', list];
  const { status } = spawnSync(process.execPath, step, { stdio: 'inherit' });
  if (status !== 0) throw new Error('The portal is not built: see above.');
  const listed: unknown = JSON.parse(await readFile(list, 'utf8'));
  await rm(folder, { recursive: true });
  return Array.isArray(listed) ? listed.map(String) : [];
}

async function bundlePrograms(): Promise<readonly string[]> {
  const alone = programNames.filter((name) => !families.flat().includes(name));
  const bundled = await Promise.all([...families, ...alone.map((name) => [name])].map((names) => bundle(names)));
  return bundled.flat();
}

/** Bundles programs that share their chunks. */
async function bundle(names: readonly ProgramName[]): Promise<readonly string[]> {
  const [name = ''] = names;
  await using program = await rolldown({
    cwd: root,
    input: Object.fromEntries(names.map((each) => [each, join(root, 'src', programs[each])])),
    platform: 'node',
    // The package itself, from its entry for `require`.
    external: ['postern'],
    // The names of modules in the output are paths below the root, also where node_modules/ is a link.
    resolve: { symlinks: false },
    plugins: [{ name: 'no imports of Node', renderChunk: withoutImportsOfNode }],
  });
  const { output } = await program.write({
    dir: built,
    ...(name === 'required' ? ({ format: 'cjs', entryFileNames: '[name].cjs' } as const) : { format: 'esm' }),
    codeSplitting: names.length > 1,
    // Beside the programs, because code finds them by its own URL.
    chunkFileNames: `${name}.[name].js`,
    // A fifth of the size. The names of the modules and of the functions stay, for a reader of a stack.
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}

/** Both entries have the same types, in one file that names no other. */
async function writeDeclarations(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-types-'));
  const types = join(root, 'src/in-process/postern.ts');
  const options = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--outDir', folder];
  const language = ['--strict', '--target', 'es2024', '--module', 'nodenext', '--types', 'node'];
  const step = [join(root, 'node_modules/typescript/bin/tsc'), ...options, ...language, types];
  const { status } = spawnSync(process.execPath, step, { stdio: 'inherit', cwd: root });
  if (status !== 0) throw new Error('The declarations are not written: see above.');
  const entry = await readFile(join(root, 'src/in-process/imported.ts'), 'utf8');
  const [, comment] = /(\/\*\*(?:(?!\/\*\*)[^])*?\*\/\n)export async function startPostern/.exec(entry) ?? [];
  const start = `${comment}export declare function startPostern(options?: PosternOptions): Promise<Postern>;\n`;
  const declared = `${await readFile(join(folder, 'postern.d.ts'), 'utf8')}${start}`;
  for (const name of ['postern.d.ts', 'postern.d.cts']) await writeFile(join(built, name), declared);
  await rm(folder, { recursive: true });
}
