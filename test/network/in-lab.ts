import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import type { Row } from './core-rows.ts';
import { Lab, missingForLab } from './lab.ts';

/**
 * Runs rows one after another in a lab of their own, made by root. Reports if that is not possible; rootless.test.ts
 * has what can be seen without root.
 */
export function testInLab(title: string, rows: readonly Row[]): void {
  const why = whyNotInLab();
  if (why !== undefined) {
    notRun(`${title}: ${rows.length} tests in network namespaces`, why);
    return;
  }
  test(title, async (t) => {
    await using lab = await Lab.make();
    for (const { name, see } of rows) await t.test(name, () => see(lab));
  });
}

/** Why root cannot make a lab here; `undefined` if it can. */
export function whyNotInLab(): string | undefined {
  return missingForLab() ?? whyNotAsRoot();
}

function whyNotAsRoot(): string | undefined {
  if (process.geteuid?.() !== 0) return 'workloads with a uid each take root';
  const tried = spawnSync('unshare', ['-mn', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `root may not make network namespaces here: ${tried.stderr.trim()}`;
}
