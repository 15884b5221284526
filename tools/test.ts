/**
 * `npm test`: first the checks, then every test. `npm test -- test/store test/house/words.test.ts` runs only the tests
 * of these folders and files, and `--test-name-pattern=…` only those of that name. The last lines are the runner's own.
 * What takes longest has commands of its own (`long-suites.ts`).
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keptVariable } from './kept.ts';
import { longFirst } from './long-files.ts';
import { suiteOf } from './long-suites.ts';
import { report } from './test-report.ts';
import type { Closing } from './test-report.ts';
import { folderVariable, judge, mostMs, readTurn, describeTurn, watchUrl } from './turns.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'test-name-pattern': { type: 'string', multiple: true, default: [] } },
});
// Relative to where `npm test` was called, because npm starts it elsewhere.
const from = process.env['INIT_CWD'] ?? process.cwd();
const root = fileURLToPath(new URL('../', import.meta.url));
process.chdir(root);
// Debian keeps nft, ip and haproxy in root's PATH; an ordinary user can run them in a namespace of its own.
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

const asked = positionals.length === 0 ? [join(root, 'test')] : positionals.map((path) => resolve(from, path));
const empty = asked.filter((path) => testsIn(path).length === 0);
if (empty.length > 0) {
  console.error(`postern: there is no *.test.ts in ${empty.join(', ')}`);
  process.exitCode = 1;
} else {
  const checked = positionals.length > 0 || check();
  const found = [...new Set(asked.flatMap((path) => testsIn(path)))].toSorted();
  const left = new Set(positionals.length > 0 ? [] : found.filter((file) => suiteOf(file, root) !== undefined));
  const files = found.filter((file) => !left.has(file));
  if (files.some((file) => file.startsWith(join(root, 'test/portal/')))) bundlePortal();
  const commands = new Set([...left].map((file) => suiteOf(file, root)));
  const remarks = checked ? [] : ['THE CHECKS FAILED: their errors are above the tests.'];
  const passed = await test(
    files,
    remarks,
    [...commands].map((command) => `${command} runs the tests that take longer`),
  );
  process.exitCode = checked && passed ? 0 : 1;
}

function testsIn(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return globSync('**/*.test.ts', { cwd: path }).map((file) => join(path, file));
  return found?.isFile() === true ? [path] : [];
}

function check(): boolean {
  return spawnSync(process.execPath, [join(root, 'tools/check.ts')], { stdio: 'inherit' }).status === 0;
}

/** The portal's tests look at the pages of the sources as they are now. */
function bundlePortal(): void {
  spawnSync(process.execPath, [join(root, 'tools/build-portal.mjs')], { stdio: 'inherit' });
}

async function test(paths: readonly string[], remarks: readonly string[], lines: readonly string[]): Promise<boolean> {
  console.log(`\n${paths.length} test files`);
  let failed = 0;
  const turns = folderOfAll('postern-turns-');
  process.env[folderVariable] = turns;
  // Hundreds of processes load the same sources: the types are taken out of each once, and it is compiled once.
  const kept = folderOfAll('postern-kept-');
  process.env['NODE_COMPILE_CACHE'] = kept;
  process.env[keptVariable] = kept;
  const events = run({
    files: longFirst(paths, root),
    // Two more than there are processors, because many tests wait: for networks, clients and processes that end.
    concurrency: availableParallelism() + 2,
    // Far more than any test takes: a test that hangs is ended and named.
    timeout: 300_000,
    execArgv: [`--import=${watchUrl}`],
    testNamePatterns: options['test-name-pattern'],
  }).on('test:fail', () => {
    failed += 1;
  });
  const close = (): Closing => {
    const closing = readTurns(turns);
    failed += closing.remarks.length;
    return { lines: [...lines, ...closing.lines], remarks: [...remarks, ...closing.remarks] };
  };
  for await (const text of report(events, close)) process.stdout.write(text);
  for (const folder of [turns, kept]) rmSync(folder, { recursive: true });
  return failed === 0;
}

/** A temporary folder in which every user may make files: some of the tests' processes run as other users. */
function folderOfAll(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o1777);
  return folder;
}

/** The findings of the watch over the event loop in the whole run (`watch-turns.ts`). */
function readTurns(folder: string): Closing {
  const reports = globSync('*.jsonl', { cwd: folder });
  const turns = reports.flatMap((name) => {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    // The last line is empty, or was cut off when the process was killed.
    return lines.slice(0, -1).map((line) => readTurn(line));
  });
  const { longest, refused } = judge(turns);
  const held = longest.map((turn) => `  ${describeTurn(turn)}`);
  return {
    lines: [`the server's longest turns of the event loop, in ${reports.length} watched processes:`, ...held],
    remarks: refused.map(
      (turn) => `THE EVENT LOOP WAS HELD FOR MORE THAN ${mostMs} ms OF PROCESSOR TIME: ${describeTurn(turn)}`,
    ),
  };
}
