import { join } from 'node:path';

/**
 * The test files that take longest, half a minute to two minutes, the longest last: a run prints its results in this order,
 * and the first ones should not come late. A missing line costs a few seconds.
 */
export const longFiles: readonly string[] = [
  'test/http/paused.test.ts',
  'test/network/metadata.test.ts',
  'test/azure-cli/objects.test.ts',
  'test/fabric/net.test.ts',
  'test/azure-cli/network.test.ts',
  'test/start/commit-mark.test.ts',
  'test/portal/more-pages.test.ts',
  'test/fabric/lost-state.test.ts',
  'test/faults/faults.test.ts',
  'test/portal/networking.test.ts',
  'test/portal/objects.test.ts',
  'test/trusted-services/lessons.test.ts',
  'test/azure-cli/lock-down.test.ts',
  'test/documents/examples.test.ts',
  'test/ansible/lock-down.test.ts',
  'test/documents/pages.test.ts',
];

/**
 * The files of `listed` first, and the others in their order: a long file that begins last keeps one processor busy alone.
 * @param root the folder that the listed files are relative to
 */
export function longFirst(paths: readonly string[], root: string, listed = longFiles): string[] {
  const first = listed.map((file) => join(root, file)).filter((path) => paths.includes(path));
  return [...first, ...paths.filter((path) => !first.includes(path))];
}
