import { join } from 'node:path';

/**
 * Files and folders of tests that `npm test` leaves to a command of their own, so that it takes a quarter of an hour.
 * `.ci/run` runs each of these commands first.
 */
export const longSuites = {
  postgres: ['test/postgres'],
  walkthroughs: ['test/documents/pages.test.ts', 'test/trusted-services/lessons.test.ts', 'test/ansible'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The command of the suite that a test file belongs to; `undefined`: `npm test` runs it. */
export function suiteOf(file: string, root: string): string | undefined {
  const [found] =
    Object.entries(longSuites).find(([, paths]) =>
      paths.some((path) => file === join(root, path) || file.startsWith(`${join(root, path)}/`)),
    ) ?? [];
  return found === undefined ? undefined : `npm run ${found}`;
}
