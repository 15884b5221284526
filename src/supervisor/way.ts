import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { User } from './worker-user.ts';

/** As path_resolution(7) has it: a path that leads over more links is refused by the kernel. */
const linksMax = 40;

interface Step {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Whether the account can choose what lies at `path` (absolute): it may change one of the directories, or owns one of
 * the links, on the way there. Root then makes, reads and gives away nothing at that path. What lies at the end of the way does not count.
 */
export function isChosenBy({ uid, gid }: User, path: string): boolean {
  return stepsTo(path).some((step) => {
    const sticky = (step.mode & 0o1000) !== 0;
    const others = (step.mode & 0o002) !== 0 || (step.gid === gid && (step.mode & 0o020) !== 0);
    return step.uid === uid || (others && !sticky);
  });
}

/** Every directory and link on the way, as far as it exists. */
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
      // A link's mode says nothing; whoever owns it could have replaced it.
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
