import type { Judgement } from './judgement.ts';
import { judgeNamespace, userLimits } from './judge-namespaces.ts';
import type { Attempt, Observed } from './observed.ts';

export function judgeNetworkNamespaces({ attempts, kernel, isRoot }: Observed): Judgement {
  const own = { setting: 'user.max_net_namespaces', forbids: '0', allows: '15000' } as const;
  return judgeNamespace(attempts.networkNamespace, { kernel, limits: [own, ...(isRoot ? [] : userLimits)] });
}

/** Whether the kernel can do it is known where there is a network namespace to try it in. */
export function judgeNftables({ attempts: { nft, nftTable, networkNamespace } }: Observed): Judgement {
  if (!nft.worked || !networkNamespace.worked) return judgeProgram(nft, 'nftables');
  if (nftTable.worked) return { state: 'ok', found: 'works' };
  return { state: 'note', found: nftTable.reason, mend: 'sudo modprobe nf_tables' };
}

export function judgeIp({ attempts }: Observed): Judgement {
  return judgeProgram(attempts.ip, 'iproute2');
}

export function judgeSetpriv({ attempts }: Observed): Judgement {
  return judgeProgram(attempts.setpriv, 'util-linux');
}

export function judgeCertutil({ attempts: { certutil } }: Observed): Judgement {
  // It has no way of running that does nothing and succeeds.
  return judgeProgram({ ...certutil, worked: certutil.isInstalled }, 'libnss3-tools');
}

function judgeProgram({ worked, isInstalled, reason }: Attempt, debianPackage: string): Judgement {
  if (worked) return { state: 'ok', found: 'installed' };
  const mend = `sudo apt-get install ${debianPackage}`;
  return { state: 'note', found: isInstalled ? reason : 'not installed', mend };
}
