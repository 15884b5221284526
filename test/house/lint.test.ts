import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Finding } from './linter.ts';
import { lint } from './linter.ts';

interface Sample {
  readonly title: string;
  readonly rule: string;
  readonly bad: string;
  /** A near miss, in the same place unless `elsewhere` says where it is allowed. */
  readonly good: string;
  readonly path?: string;
  readonly elsewhere?: string;
}

const lines = (count: number) =>
  Array.from({ length: count }, (_, index) => `export const a${index} = ${index};`).join('\n');
const longFunction = (count: number) =>
  `export function long(): number {\n  let a = 1;\n${'  a += 1;\n'.repeat(count - 4)}  return a;\n}\n`;

const samples: readonly Sample[] = [
  { title: 'a file of src/ has 300 lines', rule: 'eslint(max-lines)', bad: lines(301), good: lines(300) },
  { title: 'a test file has 600', rule: 'eslint(max-lines)', bad: lines(601), good: lines(600), path: 'test/a.ts' },
  { title: 'a function has 60', rule: 'eslint(max-lines-per-function)', bad: longFunction(61), good: longFunction(60) },
  {
    title: 'a function takes three values and options',
    rule: 'eslint(max-params)',
    bad: 'export const f = (a: number, b: number, c: number, d: number, e: number): number => a + b + c + d + e;',
    good: 'export const f = (a: number, b: number, c: number, d: number): number => a + b + c + d;',
  },
  {
    title: 'any',
    rule: 'typescript(no-explicit-any)',
    bad: 'export function f(a: any): boolean {\n  return a === 1;\n}',
    good: 'export function f(a: unknown): boolean {\n  return a === 1;\n}',
  },
  {
    title: 'an assertion that something is there',
    rule: 'typescript(no-non-null-assertion)',
    bad: 'export const a = (b: readonly string[]): string => b[0]!;',
    good: "export const a = (b: readonly string[]): string => b[0] ?? '';",
  },
  {
    title: 'an assertion of a narrower type',
    rule: 'typescript(no-unsafe-type-assertion)',
    bad: 'export const a = (b: unknown): string => b as string;',
    good: "export const a = { b: 'c' } as const;",
  },
  {
    title: 'a promise that nobody waits for',
    rule: 'typescript(no-floating-promises)',
    bad: 'export function f(a: Promise<void>): void {\n  a.then(() => 1);\n}',
    good: 'export async function f(a: Promise<void>): Promise<void> {\n  await a;\n}',
  },
  {
    title: 'a promise where a condition is meant',
    rule: 'typescript(no-misused-promises)',
    bad: 'export const f = (a: Promise<boolean>): number => (a ? 1 : 2);',
    good: 'export const f = async (a: Promise<boolean>): Promise<number> => ((await a) ? 1 : 2);',
  },
  {
    title: 'a switch that forgets a case',
    rule: 'typescript(switch-exhaustiveness-check)',
    bad: "export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n      break;\n  }\n}",
    good: "export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n    case 'y':\n      break;\n  }\n}",
  },
  {
    title: 'a default export',
    rule: 'import(no-default-export)',
    bad: 'export default 1;',
    good: 'export const a = 1;',
  },
  {
    title: 'a file that only hands on',
    rule: 'oxc(no-barrel-file)',
    bad: "export * from './a.ts';",
    good: "import { a } from './a.ts';\n\nexport const b = a;",
  },
  {
    title: 'a loose comparison',
    rule: 'eslint(eqeqeq)',
    bad: 'export const f = (a: unknown): boolean => a == 1;',
    good: 'export const f = (a: unknown): boolean => a === 1;',
  },
  {
    title: 'a type imported as a value',
    rule: 'typescript(consistent-type-imports)',
    bad: "import { T } from './a.ts';\n\nexport const a: T = 1;",
    good: "import type { T } from './a.ts';\n\nexport const a: T = 1;",
  },
  {
    title: 'console',
    rule: 'eslint(no-console)',
    bad: "console.log('a');\n\nexport const a = 1;",
    good: "console.log('a');\n\nexport const a = 1;",
    elsewhere: 'src/cli/print.ts',
  },
  {
    title: 'the environment',
    rule: 'node(no-process-env)',
    bad: "export const a = process.env['HOME'];",
    good: "export const a = process.env['HOME'];",
    elsewhere: 'src/main.ts',
  },
  {
    title: 'ending the process',
    rule: 'unicorn(no-process-exit)',
    bad: 'process.exit(1);\n\nexport const a = 1;',
    good: 'process.exit(1);\n\nexport const a = 1;',
    elsewhere: 'src/supervisor/main.ts',
  },
  {
    title: 'a clock',
    rule: 'eslint(no-restricted-properties)',
    bad: 'export const a = Date.now();',
    good: 'export const f = (now: () => number): number => now();',
  },
  {
    title: 'a guessable number',
    rule: 'eslint(no-restricted-properties)',
    bad: 'export const a = Math.random();',
    good: 'export const a = Math.round(1.5);',
  },
  {
    title: 'a test that is skipped',
    rule: 'eslint(no-restricted-properties)',
    bad: "import { it } from 'node:test';\n\nvoid it.skip('a', () => {});",
    good: "import { it } from 'node:test';\n\nit('a', () => {});",
    path: 'test/a.ts',
  },
  {
    title: "Node's own in a room that also runs in a browser",
    rule: 'eslint(no-restricted-globals)',
    bad: "export const a = Buffer.from('a');",
    good: "export const a = new TextEncoder().encode('a');",
    path: 'src/firewall/a.ts',
  },
  {
    title: 'a switch-off that switches nothing off',
    rule: '',
    bad: '// oxlint-disable-next-line no-console -- there is none\nexport const a = 1;',
    good: '// A comment.\nexport const a = 1;',
  },
];

describe('the linter', () => {
  let findings: readonly Finding[];
  const placed = samples.map(({ path = 'src/store/a.ts', elsewhere, ...sample }, index) => ({
    ...sample,
    badPath: path.replace('a.ts', `bad-${index}.ts`),
    goodPath: elsewhere ?? path.replace('a.ts', `good-${index}.ts`),
  }));
  before(async () => {
    const files = placed.flatMap(
      ({ bad, good, badPath, goodPath }) =>
        [
          [badPath, bad],
          [goodPath, good],
        ] as const,
    );
    const others = ['src/store/a.ts', 'export const a = 1;\nexport type T = number;\n'] as const;
    const cycle = [
      ['src/store/b.ts', "import { c } from './c.ts';\n\nexport const b = (): number => c();\n"],
      ['src/store/c.ts', "import { b } from './b.ts';\n\nexport const c = (): number => b();\n"],
    ] as const;
    findings = await lint(Object.fromEntries([...files, others, ...cycle]));
  });
  const found = (path: string) => findings.filter(({ file }) => file === path).map(({ rule }) => rule);

  for (const { title, rule, badPath, goodPath } of placed) {
    it(`refuses beyond its limit or place: ${title}`, () => {
      assert.deepEqual([...new Set(found(badPath))], [rule]);
      assert.deepEqual(found(goodPath), []);
    });
  }

  it('refuses: files that import each other', () => {
    assert.deepEqual(found('src/store/b.ts'), ['import(no-cycle)']);
    assert.deepEqual(found('src/store/a.ts'), []);
  });
});
