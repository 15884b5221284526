/** `npm run build`: compiles `src/` into `dist/src/` and bundles the portal into `dist/portal/`, which `npm pack` ships. */
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

await rm(`${root}dist/src`, { recursive: true, force: true });
const steps = [
  [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.build.json`],
  [`${root}tools/build-portal.mjs`],
];
for (const step of steps) {
  const { status } = spawnSync(process.execPath, step, { stdio: 'inherit' });
  if (status !== 0) process.exitCode = status ?? 1;
}
