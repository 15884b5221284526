import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { User } from './worker-user.ts';

/** The kernel refuses a path with more links (path_resolution(7)). */
const linksMax = 40;

interface Step {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Whether the account can redirect `path` (absolute): it can change a directory, or owns a link, on the way to its last
 * part. Root then must not create, read or give away anything at that path. The last part itself does not count.
 */
export function canRedirect({ uid, gid }: User, path: string): boolean {
  return stepsTo(path).some((step) => {
    const sticky = (step.mode & 0o1000) !== 0;
    const others = (step.mode & 0o002) !== 0 || (step.gid === gid && (step.mode & 0o020) !== 0);
    return step.uid === uid || (others && !sticky);
  });
}

/**
 * Those, besides root, who can redirect `path` (absolute) in this way; `undefined`: none. The owner of `/` counts as root: in a
 * user namespace it is a user outside.
 */
export function redirectedBy(path: string): string | undefined {
  const [top, ...others] = stepsTo(path);
  const trusted = new Set([0, top?.uid]);
  for (const { uid, gid, mode } of others) {
    if (!trusted.has(uid)) return `uid ${uid}`;
    const isSticky = (mode & 0o1000) !== 0;
    if (!isSticky && (mode & 0o002) !== 0) return 'every user';
    if (!isSticky && (mode & 0o020) !== 0 && gid !== 0) return `the group ${gid}`;
  }
  return undefined;
}

/** Every directory and link on the path, as far as it exists. */
function stepsTo(path: string): readonly Step[] {
  const steps: Step[] = [lstatSync('/')];
  const names = path.split('/');
  let links = 0;
  let at = '/';
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = name === '..' ? dirname(at) : join(at, name);
    const found = lstatSync(next, { throwIfNoEntry: false });
    if (found === undefined) return steps;
    if (found.isSymbolicLink()) {
      links += 1;
      if (links > linksMax) return steps;
      // A link's mode means nothing; its owner could replace it.
      steps.push({ uid: found.uid, gid: found.gid, mode: 0 });
      const target = readlinkSync(next);
      names.unshift(...target.split('/'));
      if (target.startsWith('/')) at = '/';
      continue;
    }
    if (names.some((rest) => rest !== '' && rest !== '.')) steps.push(found);
    at = next;
  }
  return steps;
}
