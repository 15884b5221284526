import { join } from 'node:path';

/**
 * The test files that take longest, half a minute to two minutes, longest first. A missing one costs a run
 * a few seconds.
 */
export const longFiles: readonly string[] = [
  'test/documents/pages.test.ts',
  'test/ansible/lock-down.test.ts',
  'test/documents/examples.test.ts',
  'test/azure-cli/lock-down.test.ts',
  'test/trusted-services/lessons.test.ts',
  'test/portal/objects.test.ts',
  'test/portal/networking.test.ts',
  'test/faults/faults.test.ts',
  'test/fabric/lost-state.test.ts',
  'test/portal/more-pages.test.ts',
  'test/start/commit-mark.test.ts',
  'test/azure-cli/network.test.ts',
  'test/fabric/net.test.ts',
  'test/azure-cli/objects.test.ts',
  'test/network/metadata.test.ts',
  'test/http/paused.test.ts',
];

/**
 * The files of `listed` first, and the others in their order: a long file that begins last keeps one processor busy alone.
 * @param root the folder that the listed files are relative to
 */
export function longestFirst(paths: readonly string[], root: string, listed = longFiles): string[] {
  const first = listed.map((file) => join(root, file)).filter((path) => paths.includes(path));
  return [...first, ...paths.filter((path) => !first.includes(path))];
}
