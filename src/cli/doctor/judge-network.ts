import { isIP } from 'node:net';
import type { Judgement } from './judgement.ts';
import type { Observed, PortState } from './observed.ts';

/** A port that this very server has is as good as a free one. Only its own is needed, and only while it does not run. */
export function judgePort(which: 443 | 'server'): (observed: Observed) => Judgement {
  return ({ ports, connection, server, serverPort }) => {
    const state = ports[which];
    const port = which === 'server' ? serverPort : which;
    const isServing = server.is === 'answering' && connection.is === 'read';
    if (isServing && serverPort === port) return { state: 'ok', found: 'this server has it' };
    if (state.is !== 'taken') return freeOrNot(state.is, port);
    const mend = which === 443 ? 'stop it' : `stop it, or use another: postern start --port ${port + 1}`;
    return { state: which === 443 ? 'note' : 'missing', found: `${state.holder} has it`, mend };
  };
}

function freeOrNot(is: Exclude<PortState['is'], 'taken'>, port: number): Judgement {
  if (is === 'free') return { state: 'ok', found: 'free' };
  // The check of the address says it.
  if (is === 'without address') return { state: 'note', found: 'not known without 127.0.0.1' };
  const mend = `sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${port}`;
  return { state: 'note', found: 'only root may listen on it', mend };
}

/** An address of loopback, and what to say where it is not there. */
export function judgeAddress(
  address: string,
  absent: Pick<Judgement, 'state' | 'mend'>,
): (observed: Observed) => Judgement {
  return ({ loopback, platform }) => {
    if (loopback.has(address)) return { state: 'ok', found: 'there' };
    const found = 'not an address of this machine';
    if (platform === 'linux') return { ...absent, found };
    const alias = isIP(address) === 6 ? `inet6 ${address}` : `alias ${address}`;
    return { state: absent.state, found, mend: `sudo ifconfig lo0 ${alias}` };
  };
}

/** Below `localhost` any loopback address will do; another domain has the address that the user gave it. */
export function judgeNames({ name: { asked, addresses }, attempts, platform }: Observed): Judgement {
  const isLocal = asked.endsWith('.localhost');
  const wrong = isLocal ? addresses.find((address) => !/^(?:127\.|::1$)/.test(address)) : undefined;
  const [first] = addresses;
  if (first !== undefined && wrong === undefined) return { state: 'ok', found: `${asked} is ${first}` };
  const mend =
    isLocal && platform === 'linux' ? 'sudo apt-get install libnss-myhostname' : 'postern hosts --vaults NAME';
  const what = wrong === undefined ? `does not know ${asked}` : `says that ${asked} is ${wrong}`;
  if (attempts.hostsMount.worked) {
    return { state: 'note', found: `the system's resolver ${what}, so only postern run has them`, mend };
  }
  return { state: 'missing', found: `the system's resolver ${what}, and postern run cannot have them`, mend };
}
