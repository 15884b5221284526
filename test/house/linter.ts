import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lintConfiguration } from '../../tools/lint-rules.ts';

export const root = new URL('../../', import.meta.url);

export interface Finding {
  readonly file: string;
  readonly line: number;
  /** As `eslint(no-console)`; empty where the linter itself complains. */
  readonly rule: string;
  readonly text: string;
}

/**
 * Runs the linter as the project configures it on a tree of these files (path → contents) and nothing else; with
 * `only`, one rule of that configuration.
 */
export async function lint(files: Readonly<Record<string, string>>, only?: string): Promise<readonly Finding[]> {
  const tree = await mkdtemp(join(tmpdir(), 'postern-lint-'));
  try {
    await symlink(fileURLToPath(new URL('node_modules', root)), join(tree, 'node_modules'));
    await cp(new URL('tsconfig.json', root), join(tree, 'tsconfig.json'));
    await writeFile(join(tree, '.oxlintrc.json'), await configuration(only));
    for (const [path, contents] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), contents);
    }
    return await run(tree);
  } finally {
    await rm(tree, { recursive: true });
  }
}

async function configuration(only: string | undefined): Promise<string> {
  const text = await lintConfiguration(root);
  if (only === undefined) return text;
  const parsed: unknown = JSON.parse(text, (key, value: unknown) =>
    key === 'rules' && typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([rule]) => rule === only))
      : value,
  );
  return JSON.stringify({ ...Object(parsed), categories: { correctness: 'off' }, options: {} });
}

/** One line of the linter's `unix` format: `path:line:column: message [severity/rule]`. */
const finding = /^(?<file>[^:]+):(?<line>\d+):\d+: (?<text>.*) \[(?:Error|Warning)(?:\/(?<rule>.*))?\]$/;

function run(tree: string): Promise<readonly Finding[]> {
  const program = fileURLToPath(new URL('node_modules/oxlint/bin/oxlint', root));
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, '--format=unix'],
      { cwd: tree, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const lines = stdout.split('\n').filter((line) => line !== '' && !/^\d+ problems?$/.test(line));
        const findings = lines.flatMap((line) => parse(line) ?? []);
        const understood =
          findings.length === lines.length && stderr === '' && (error === null) === (lines.length === 0);
        if (understood) resolve(findings);
        else reject(new Error(`the linter did not do its work: ${stdout}${stderr}`, { cause: error }));
      },
    );
  });
}

function parse(line: string): Finding | undefined {
  const { file, line: number, text, rule = '' } = finding.exec(line)?.groups ?? {};
  if (file === undefined || text === undefined) return undefined;
  return { file, line: Number(number), rule, text };
}
