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

/** The way in which a program can be in a subnet on this machine. */
export function judgeExec(observed: Observed): Judgement {
  const declared = 'only declared, not enforced (postern exec --declared)';
  if (observed.platform !== 'linux') return { state: 'note', found: `${declared}: virtual networks take Linux` };
  const needed = [
    { name: 'network namespaces', ...judgeNetworkNamespaces(observed) },
    { name: 'ip', ...judgeIp(observed) },
    { name: 'nftables', ...judgeNftables(observed) },
    { name: 'conntrack', ...judgeConntrack(observed) },
    { name: 'setpriv', ...judgeSetpriv(observed) },
  ];
  const absent = needed.find(({ state }) => state !== 'ok');
  if (absent === undefined) return filtered(observed);
  const { name, found, mend } = absent;
  return { state: 'note', found: `${declared}: ${name} ${found}`, ...(mend !== undefined && { mend }) };
}

/** Workloads of root need the filter. */
function filtered({ isRoot, noFilter }: Observed): Judgement {
  const found = isRoot ? 'enforced, by root' : 'enforced, without root';
  if (noFilter === undefined) return { state: 'ok', found };
  const mend = 'use Debian 13 or newer';
  if (isRoot)
    return {
      state: 'note',
      found: `refused for root: workloads have no filter of system calls, for ${noFilter}`,
      mend,
    };
  return { state: 'note', found: `${found}, and without a filter of system calls: ${noFilter}`, mend };
}

export function judgeConntrack({ attempts }: Observed): Judgement {
  return judgeProgram(attempts.conntrack, 'conntrack');
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
