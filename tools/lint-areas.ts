import type { Override } from './lint-types.ts';
import { rooms } from './rooms.ts';

interface Restricted {
  readonly object: string;
  readonly property: string;
  readonly message: string;
}

const random: Restricted = {
  object: 'Math',
  property: 'random',
  message: 'take randomInt, randomBytes or randomUUID of node:crypto, or be given the randomness as an argument',
};

const clock: Restricted = {
  object: 'Date',
  property: 'now',
  message: 'take the time as an argument, `now: () => number`',
};

const getBuiltinModule: Restricted = {
  object: 'process',
  property: 'getBuiltinModule',
  message: 'import it, so that the rules of tools/rooms.ts see it',
};

const leftBehind: readonly Restricted[] = ['test', 'it', 'describe', 't', 'suite'].flatMap((object) =>
  ['skip', 'todo', 'only'].map((property) => ({
    object,
    property,
    message: 'a test runs, or says why not through test/not-run.ts',
  })),
);

const browserRooms = Object.entries(rooms).flatMap(([name, { platform }]) =>
  platform === 'pure' || platform === 'browser' ? [name] : [],
);

const browserLacks = ['Buffer', 'process', 'global', 'setImmediate', '__dirname', '__filename', 'require'];

/** The rules that depend on where a file is, apart from its imports. */
export const lintRulesOfAreas: readonly Override[] = [
  {
    files: ['src/**'],
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60 }],
      // Three parameters, and then an options object.
      'max-params': ['error', { max: 4 }],
      'no-restricted-properties': ['error', random, clock, getBuiltinModule],
    },
  },
  {
    files: browserRooms.map((name) => `src/${name}/**`),
    rules: {
      'no-restricted-globals': [
        'error',
        ...browserLacks.map((name) => ({ name, message: 'this room also runs in a browser' })),
      ],
    },
  },
  {
    // The entries of processes: each has a clock and an environment, and passes them on.
    files: ['src/main.ts', 'src/reader.ts', 'src/cli/**', 'src/in-process/**', 'src/supervisor/**'],
    rules: {
      'node/no-process-env': 'off',
      'no-restricted-properties': ['error', random, getBuiltinModule],
    },
  },
  {
    files: ['src/main.ts', 'src/reader.ts', 'src/cli/main.ts', 'src/supervisor/main.ts'],
    rules: { 'unicorn/no-process-exit': 'off' },
  },
  { files: ['src/cli/**'], rules: { 'no-console': 'off' } },
  { files: ['examples/**/*.cjs'], rules: { 'typescript/no-require-imports': 'off' } },
  {
    files: ['test/**'],
    rules: {
      'max-lines': ['error', { max: 600 }],
      'no-restricted-properties': ['error', ...leftBehind],
    },
  },
  {
    files: ['tools/**', 'bench/**', 'examples/**'],
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60 }],
      'no-console': 'off',
    },
  },
  {
    files: ['tools/**', 'bench/**', 'test/**', 'bin/**', 'examples/**', 'action/**'],
    rules: { 'node/no-process-env': 'off' },
  },
  {
    // They read JSON that their own child printed, or whose shape they assert.
    files: ['bench/**', 'test/**', 'examples/**'],
    rules: { 'typescript/no-unsafe-type-assertion': 'off' },
  },
  {
    // JavaScript without types, because an old Node must be able to parse it; it exits where Node is too old.
    files: ['bin/main.mjs', 'tools/build-portal.mjs'],
    rules: {
      'typescript/no-unsafe-argument': 'off',
      'typescript/no-unsafe-assignment': 'off',
      'typescript/no-unsafe-call': 'off',
      'typescript/no-unsafe-member-access': 'off',
      'typescript/no-unsafe-return': 'off',
      'unicorn/no-process-exit': 'off',
    },
  },
  {
    // JavaScript that a reader copies or a forge runs: it prints, and takes the server's own JSON as it is.
    files: ['examples/**', 'action/**'],
    rules: {
      'no-console': 'off',
      'typescript/no-unsafe-argument': 'off',
      'typescript/no-unsafe-assignment': 'off',
      'typescript/no-unsafe-call': 'off',
      'typescript/no-unsafe-member-access': 'off',
      'typescript/no-unsafe-return': 'off',
    },
  },
];
