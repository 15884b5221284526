// `npm run build:portal`: bundles `src/portal/` into `dist/portal/`, with a gzip body beside each file, as the worker reads them.
// `npm ci` runs it too, with --where-possible; `npm run build` asks by --list-modules FILE for what is in it.
// JavaScript, because npm runs it on a Node that may not read TypeScript.
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../', import.meta.url));
const out = join(root, 'dist', 'portal');
const wherePossible = process.argv.includes('--where-possible');
const list = process.argv[process.argv.indexOf('--list-modules') + 1];

const vite = await import('vite').catch((error) => {
  if (!wherePossible) throw error;
  console.log(
    'The portal is not built, because Vite is not installed here: "npm ci && npm run build:portal" builds it.',
  );
});

if (vite !== undefined) {
  const built = await vite.build({
    configFile: false,
    root: join(root, 'src', 'portal'),
    base: '/portal/',
    logLevel: 'warn',
    // The pages work alone: nothing is inlined, because the content security policy has no exception for it.
    build: {
      rolldownOptions: {
        input: join(root, 'src', 'portal', 'page.html'),
        checks: { bundlerTimings: false },
        // Most pages share these, so they are one file: one for each module is a request more, and compresses badly.
        output: { codeSplitting: { groups: [{ name: 'shared', test: /node_modules|src\/portal\/(?:ui\/|[^/]+$)/ }] } },
      },
      outDir: out,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: 'es2024',
    },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  });
  renameSync(join(out, 'page.html'), join(out, 'index.html'));
  for (const name of readdirSync(out, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const path = join(name.parentPath, name.name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
  }
  if (process.argv.includes('--list-modules')) {
    const modules = [built].flat().flatMap(({ output }) => output.flatMap(({ moduleIds }) => moduleIds ?? []));
    writeFileSync(list, JSON.stringify(modules));
  }
}
