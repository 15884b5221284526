/**
 * `npm run check`: checks the sources without running them. `npm run check -- --write` first updates the generated
 * files and the format.
 */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generatedPages } from './generated-pages.ts';
import { lintConfiguration } from './lint-rules.ts';
import { pictures } from './pictures.ts';

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

const root = new URL('../', import.meta.url);
const { values: options } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

const prettier = ['prettier/bin/prettier.cjs', '--log-level=warn'];

const checks: Readonly<Record<string, () => Promise<Outcome>>> = {
  'linter configuration': lintConfigurationIsCurrent,
  format: () => run([...prettier, '--check', '.']),
  lint: () => run(['oxlint/bin/oxlint', '--deny-warnings']),
  types: () => run(['typescript/bin/tsc', '--noEmit', '--pretty']),
  "the portal's types": () => run(['typescript/bin/tsc', '--noEmit', '--pretty', '-p', 'src/portal']),
  'nothing unused': () => run(['knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors']),
};

if (options.write) {
  await writeFile(new URL('.oxlintrc.json', root), await lintConfiguration(root));
  for (const [name, picture] of pictures) await writeFile(new URL(`docs/pictures/${name}`, root), picture);
  for (const [path, current] of Object.entries(generatedPages)) {
    const page = new URL(path, root);
    await writeFile(page, await current(await readFile(page, 'utf8')));
  }
  await run([...prettier, '--write', '.']);
}
const outcomes = await Promise.all(Object.entries(checks).map(([name, check]) => report(name, check)));
const failed = outcomes.filter(({ ok }) => !ok).length;
console.log(failed === 0 ? `checked: ${outcomes.length} of ${outcomes.length}` : `checks that failed: ${failed}`);
process.exitCode = failed === 0 ? 0 : 1;

async function report(name: string, check: () => Promise<Outcome>): Promise<Outcome> {
  const start = performance.now();
  const outcome = await check();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${outcome.ok ? '✔' : '✖'} ${name} (${seconds} s)`);
  if (!outcome.ok) console.log(outcome.output.trimEnd());
  return outcome;
}

async function lintConfigurationIsCurrent(): Promise<Outcome> {
  const committed = await readFile(new URL('.oxlintrc.json', root), 'utf8').catch(() => '');
  const ok = committed === (await lintConfiguration(root));
  return { ok, output: '.oxlintrc.json is not what tools/ makes: run "npm run check -- --write"' };
}

/** Runs a package's program on the Node of this process. Its output is kept, so that several outputs do not mix. */
function run([program, ...rest]: readonly string[]): Promise<Outcome> {
  const path = fileURLToPath(new URL(`node_modules/${program}`, root));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...rest], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject).on('close', (code) => {
      resolve({ ok: code === 0, output });
    });
  });
}
