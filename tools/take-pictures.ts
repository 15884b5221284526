/** `npm run pictures`: builds the portal and takes the README's pictures of it again. Needs Debian's Chromium. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const env = { ...process.env, POSTERN_TAKE_PICTURES: '1' };
for (const step of [['tools/build-portal.mjs'], ['--test', 'test/portal/pictures.test.ts']]) {
  const { status } = spawnSync(process.execPath, step, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = status ?? 1;
}
