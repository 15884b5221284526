import type { Judgement } from './judgement.ts';
import type { Attempt, Observed, kernelSettings } from './observed.ts';

type KernelSetting = (typeof kernelSettings)[number];

interface Limit {
  readonly setting: KernelSetting;
  readonly forbids: string;
  readonly allows: string;
}

/** The settings by which a kernel forbids user namespaces: Ubuntu's, Debian's, the kernel's own. */
export const userLimits: readonly Limit[] = [
  { setting: 'user.max_user_namespaces', forbids: '0', allows: '15000' },
  { setting: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allows: '0' },
  { setting: 'kernel.unprivileged_userns_clone', forbids: '0', allows: '1' },
];

export function judgeUserNamespaces({ attempts, kernel }: Observed): Judgement {
  return judgeNamespace(attempts.userNamespace, { kernel, limits: userLimits });
}

export function judgeHosts({ attempts, kernel, isRoot }: Observed): Judgement {
  if (attempts.hostsMount.worked) return { state: 'ok', found: 'can be mounted' };
  return judgeNamespace(attempts.hostsMount, { kernel, limits: isRoot ? [] : userLimits });
}

/** A namespace that could not be made: the setting that forbids it, or what the attempt said. */
export function judgeNamespace(
  attempt: Attempt,
  { kernel, limits }: { readonly kernel: Observed['kernel']; readonly limits: readonly Limit[] },
): Judgement {
  if (attempt.worked) return { state: 'ok', found: 'allowed' };
  if (!attempt.isInstalled) {
    return { state: 'note', found: 'not tried: there is no unshare', mend: 'sudo apt-get install util-linux' };
  }
  const limit = limits.find(({ setting, forbids }) => kernel[setting] === forbids);
  if (limit !== undefined) {
    const { setting, forbids, allows } = limit;
    return { state: 'note', found: `forbidden by ${setting}=${forbids}`, mend: `sudo sysctl -w ${setting}=${allows}` };
  }
  const mend = 'in a container: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined';
  return { state: 'note', found: attempt.reason, mend };
}
