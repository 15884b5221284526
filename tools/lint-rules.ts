/**
 * The linter's configuration. It is generated, because the import rules follow from `rooms.ts`, and written to
 * `.oxlintrc.json`, where the linter and editors look for it; `npm run check` fails when that file is stale.
 */
import { format, resolveConfig } from 'prettier';
import { lintRulesOfAreas } from './lint-areas.ts';
import { importRules } from './lint-imports.ts';
import type { Rules } from './lint-types.ts';
import { bundledPackages } from './rooms.ts';

/** Rules that no category switches on, and options of rules. */
const chosen: Rules = {
  eqeqeq: 'error',
  'no-console': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'object-shorthand': 'error',
  // `_` is a name that a pattern needs and nothing uses.
  'no-unused-vars': [
    'error',
    {
      ignoreRestSiblings: true,
      argsIgnorePattern: '^_$',
      varsIgnorePattern: '^_$',
      destructuredArrayIgnorePattern: '^_$',
    },
  ],
  'no-throw-literal': 'error',
  'no-self-compare': 'error',
  'no-fallthrough': 'error',
  'no-new-func': 'error',
  'no-labels': 'error',
  'no-sequences': 'error',
  'import/no-cycle': 'error',
  'import/no-default-export': 'error',
  'import/no-duplicates': 'error',
  'import/no-mutable-exports': 'error',
  // A page brings its styles along.
  'import/no-unassigned-import': ['error', { allow: ['**/*.css'] }],
  'node/no-process-env': 'error',
  'oxc/no-barrel-file': ['error', { threshold: 0 }],
  'typescript/ban-ts-comment': 'error',
  'typescript/consistent-type-imports': 'error',
  'typescript/no-deprecated': 'error',
  'typescript/no-explicit-any': 'error',
  // The test runner awaits these.
  'typescript/no-floating-promises': [
    'error',
    { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['it', 'test', 'describe', 'suite'] }] },
  ],
  'typescript/no-misused-promises': 'error',
  'typescript/no-non-null-assertion': 'error',
  'typescript/no-require-imports': 'error',
  'typescript/no-unsafe-argument': 'error',
  'typescript/no-unsafe-assignment': 'error',
  'typescript/no-unsafe-call': 'error',
  'typescript/no-unsafe-member-access': 'error',
  'typescript/no-unsafe-return': 'error',
  'typescript/only-throw-error': 'error',
  'typescript/prefer-promise-reject-errors': 'error',
  // Only where it changes which `catch` applies; elsewhere a bare `return promise` is shorter.
  'typescript/return-await': ['error', 'error-handling-correctness-only'],
  'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  'unicorn/filename-case': ['error', { case: 'kebabCase' }],
  'unicorn/no-abusive-eslint-disable': 'error',
  'unicorn/no-process-exit': 'error',
  'unicorn/prefer-node-protocol': 'error',
};

/** Rules of the categories that do not fit here, each with its reason. */
const unfit: Readonly<Record<string, string>> = {
  'no-await-in-loop': 'a loop awaits to keep the order; work that may run in parallel uses Promise.all',
  'import/no-named-as-default-member': 'fast-check is written `fc.…`, as in its own documentation',
  'oxc/no-map-spread': 'a new object with a part replaced is clearer than a changed one',
  'jsx-a11y/control-has-associated-label': 'it takes table cells for controls; axe judges the pages as they are drawn',
  'unicorn/consistent-function-scoping': 'a small function may be where it is used',
};

/**
 * The configuration in the format of `.oxlintrc.json`. `root` is the folder of the checkout, with a slash at its end.
 */
export async function lintConfiguration(root: URL): Promise<string> {
  const target = new URL('.oxlintrc.json', root);
  const configuration = {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'jsx-a11y'],
    categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
    options: { typeAware: true, reportUnusedDisableDirectives: 'error', respectEslintDisableDirectives: false },
    ignorePatterns: ['dist', 'node_modules'],
    rules: { ...chosen, ...Object.fromEntries(Object.keys(unfit).map((rule) => [rule, 'off'])) },
    overrides: [...lintRulesOfAreas, ...importRules(bundledPackages)],
  };
  const style = await resolveConfig(target);
  return format(JSON.stringify(configuration), { ...style, parser: 'json' });
}
