// The first file that Node reads, in JavaScript that an old Node can still parse: it names the remedy there.
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  process.stderr.write(
    `postern: needs Node 24 or newer, and this is ${process.versions.node}. ` +
      'Install a newer Node, or run "npm ci" in the checkout, which brings its own.\n',
  );
  process.exit(1);
}

const { existsSync } = await import('node:fs');
const { enableCompileCache } = await import('node:module');
const { userInfo } = await import('node:os');
const { dirname, join } = await import('node:path');
const { fileURLToPath, pathToFileURL } = await import('node:url');

try {
  // Code is run from there, so it must be where no other user may write: in the home that the system, not $HOME, gives the user.
  const cache = join(userInfo().homedir, '.cache', 'postern');
  enableCompileCache(cache);
  // For what the server starts; the program of "run" has its own.
  if (process.argv[2] === 'start') process.env.NODE_COMPILE_CACHE ??= cache;
} catch {
  // A user without a home starts without the cache, which is slower and else the same.
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
// dist/ is what `npm pack` ships; a checkout runs its sources as they are.
const shipped = join(root, 'dist', 'src');
const [folder, extension] = existsSync(join(root, 'src')) ? [join(root, 'src'), 'ts'] : [shipped, 'js'];
const entry = process.argv[2] === 'start' ? 'supervisor' : 'cli';
await import(pathToFileURL(join(folder, entry, `main.${extension}`)).href);
