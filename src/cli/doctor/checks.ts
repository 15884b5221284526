import {
  judgeCertutil,
  judgeConntrack,
  judgeExec,
  judgeIp,
  judgeNetworkNamespaces,
  judgeNftables,
  judgeSetpriv,
} from './judge-programs.ts';
import { judgeAddress, judgeNames, judgePort } from './judge-network.ts';
import { judgeHosts, judgeUserNamespaces } from './judge-namespaces.ts';
import { judgeClock, judgeDataFolder, judgeNode, judgeServer } from './judge-server.ts';
import type { Judgement } from './judgement.ts';
import type { Observed } from './observed.ts';

interface Check {
  readonly name: string | ((observed: Observed) => string);
  readonly purpose: string;
  readonly only?: NodeJS.Platform;
  readonly judge: (observed: Observed) => Judgement;
}

export interface Finding extends Judgement {
  readonly name: string;
  readonly purpose: string;
}

const checks: readonly Check[] = [
  { name: 'Node', purpose: 'runs everything', judge: judgeNode },
  { name: 'data folder', purpose: 'says where the server is', judge: judgeDataFolder },
  { name: 'server', purpose: 'answers requests', judge: judgeServer },
  { name: 'clock', purpose: 'tokens and certificates have a time', judge: judgeClock },
  { name: ({ serverPort }) => `port ${serverPort}`, purpose: 'where the server answers', judge: judgePort('server') },
  { name: 'port 443', purpose: 'URLs without a port', judge: judgePort(443) },
  {
    name: '127.0.0.1',
    purpose: 'where the server listens',
    judge: judgeAddress('127.0.0.1', { state: 'missing', mend: 'sudo ip link set lo up' }),
  },
  {
    name: '127.0.0.7',
    purpose: 'a second client on this machine, which vaults see as 203.0.113.7',
    judge: judgeAddress('127.0.0.7', { state: 'note', mend: 'sudo ip address add 127.0.0.7/8 dev lo' }),
  },
  {
    name: '::1',
    purpose: 'clients that try IPv6 first',
    judge: judgeAddress('::1', { state: 'note', mend: 'sudo sysctl -w net.ipv6.conf.lo.disable_ipv6=0' }),
  },
  { name: 'names of vaults', purpose: 'programs that look them up', judge: judgeNames },
  { name: 'user namespaces', purpose: 'postern run without root', only: 'linux', judge: judgeUserNamespaces },
  { name: 'private /etc/hosts', purpose: 'names for a program by postern run', only: 'linux', judge: judgeHosts },
  { name: 'setpriv', purpose: 'gives up privileges before a program starts', only: 'linux', judge: judgeSetpriv },
  { name: 'network namespaces', purpose: 'virtual networks', only: 'linux', judge: judgeNetworkNamespaces },
  { name: 'ip', purpose: 'makes and configures virtual networks', only: 'linux', judge: judgeIp },
  { name: 'nftables', purpose: "sends a subnet's traffic to its listener", only: 'linux', judge: judgeNftables },
  { name: 'conntrack', purpose: 'ends connections when an endpoint is switched', only: 'linux', judge: judgeConntrack },
  { name: 'postern exec', purpose: 'programs in subnets', judge: judgeExec },
  { name: 'certutil', purpose: 'postern trust', only: 'linux', judge: judgeCertutil },
];

/** The checks of this system, judged. */
export function findingsOf(observed: Observed): readonly Finding[] {
  const findings = checks
    .filter(({ only = observed.platform }) => only === observed.platform)
    .map(({ name, purpose, judge }) => ({
      name: typeof name === 'string' ? name : name(observed),
      purpose,
      ...judge(observed),
    }));
  // A server at 443 has one port only.
  return [...new Map(findings.toReversed().map((finding) => [finding.name, finding])).values()].toReversed();
}

/** Whether all is there that a server, a read of a secret and a program by `postern run` need. */
export function isReady(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'missing');
}

/** A line a check. */
export function describeFindings(findings: readonly Finding[]): string {
  return findings
    .map(({ name, purpose, state, found, mend }) => {
      const line = `${state.padEnd(8)} ${name.padEnd(19)} ${found} (${purpose})`;
      return mend === undefined ? line : `${line}: ${mend}`;
    })
    .join('\n');
}
