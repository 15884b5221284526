#!/usr/bin/env node
// The program of the installed package, and what bin/postern runs in a checkout. JavaScript that Node 12 can still parse: it
// names the remedy there.
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  process.stderr.write(
    `postern: needs Node 24 or newer, and this is ${process.versions.node}. In a checkout run "npm ci" and bin/postern; ` +
      `anywhere else npm brings a newer one: npx -p node@24 -p postern postern${process.argv.slice(2).map(quoted).join('')}\n`,
  );
  process.exit(1);
}
void begin();

// As an argument of a shell, after a space.
function quoted(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return ` ${word}`;
  return process.platform === 'win32' ? ` "${word.replace(/"/g, '\\"')}"` : ` '${word.replace(/'/g, `'\\''`)}'`;
}

async function begin() {
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
    if (process.argv[2] === 'start' && process.env.NODE_COMPILE_CACHE === undefined)
      process.env.NODE_COMPILE_CACHE = cache;
  } catch {
    // A user without a home starts without the cache, which is slower and else the same.
  }
  // npm starts it through a link, and commands find the installation by it.
  process.argv[1] = fileURLToPath(import.meta.url);
  const root = dirname(dirname(process.argv[1]));
  // A checkout runs its sources as they are, the package what `npm run build` made of them.
  const sources = join(root, 'src');
  const isStart = process.argv[2] === 'start';
  const entry = existsSync(sources)
    ? join(sources, isStart ? 'supervisor' : 'cli', 'main.ts')
    : join(root, 'dist', 'programs', isStart ? 'supervisor.js' : 'cli.js');
  await import(pathToFileURL(entry).href);
}
