/** `npm run release:check -- v1.2.3`: refuses to go on with a release that npm, its provenance or a reader could not make sense of. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { releaseFaults } from './release-faults.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const [tag = ''] = process.argv.slice(2);
const faults = releaseFaults(tag, {
  manifest: JSON.parse(readFileSync(`${root}package.json`, 'utf8')),
  changelog: readFileSync(`${root}CHANGELOG.md`, 'utf8'),
});
for (const fault of faults) console.error(`postern: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
