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
import { programs } from '../src/programs/programs.ts';
import { withoutImportsOfNode } from './imports-of-node.ts';
import { licensesIn, packagesOf } from './licenses.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const built = join(root, 'dist/programs');

/** The commands are files of their own, each loaded when it is asked for. Every other program must read nothing after its start. */
const inChunks = new Set(['cli']);

await rm(built, { recursive: true, force: true });
const modules = [...(await bundlePortal()), ...(await bundlePrograms())];
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
  const bundled = await Promise.all(Object.entries(programs).map(([name, source]) => bundleProgram(name, source)));
  return bundled.flat();
}

async function bundleProgram(name: string, source: string): Promise<readonly string[]> {
  await using program = await rolldown({
    cwd: root,
    input: { [name]: join(root, 'src', source) },
    platform: 'node',
    // The names of modules in the output are paths below the root, also where node_modules/ is a link.
    resolve: { symlinks: false },
    plugins: [{ name: 'no imports of Node', renderChunk: withoutImportsOfNode }],
  });
  const { output } = await program.write({
    dir: built,
    format: 'esm',
    codeSplitting: inChunks.has(name),
    // Beside the programs, because code finds them by its own URL.
    chunkFileNames: `${name}.[name].js`,
    // A fifth of the size. The names of the modules and of the functions stay, for a reader of a stack.
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}
