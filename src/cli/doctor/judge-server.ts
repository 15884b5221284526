import type { Judgement } from './judgement.ts';
import type { Observed } from './observed.ts';

/** As much as verifiers of tokens commonly allow clocks to differ. */
const clockToleranceMs = 300_000;
const setClock = 'sudo timedatectl set-ntp true';

/** `node --import postern/register` needs more than the server does. */
export function judgeNode({ nodeVersion }: Observed): Judgement {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major < 24) return { state: 'missing', found: `${nodeVersion} is older than 24`, mend: 'npm ci' };
  if (major === 24 && minor < 5) {
    return { state: 'note', found: `${nodeVersion} is too old for "--import postern/register"`, mend: 'npm ci' };
  }
  return { state: 'ok', found: nodeVersion };
}

export function judgeDataFolder({ connection, dataFolder }: Observed): Judgement {
  if (connection.is === 'read') return { state: 'ok', found: dataFolder };
  if (connection.is === 'absent') {
    return { state: 'note', found: `${dataFolder} has no connection.json yet`, mend: startWith(dataFolder) };
  }
  const mend = `run this as the user who started the server, or name its folder with --data`;
  return { state: 'missing', found: connection.reason, mend };
}

/** A machine is well without a running server, and not with another one at its address. */
export function judgeServer({ connection, server, dataFolder }: Observed): Judgement {
  if (connection.is !== 'read' || server.is === 'not asked') {
    return { state: 'note', found: 'not known without a data folder', mend: startWith(dataFolder) };
  }
  const { home } = connection;
  if (server.is === 'answering') return { state: 'ok', found: `answers at ${home}` };
  if (/^CERT_(?:NOT_YET_VALID|HAS_EXPIRED)$/.test(server.code)) {
    return { state: 'missing', found: `its certificate is not valid now (${server.code})`, mend: setClock };
  }
  // Of the network, not of TLS.
  if (/^E(?!RR_|PROTO)/.test(server.code)) {
    return { state: 'note', found: `does not answer at ${home} (${server.code})`, mend: startWith(dataFolder) };
  }
  const found = `what answers at ${home} does not have this server's certificate (${server.code})`;
  return { state: 'missing', found, mend: `${startWith(dataFolder)} --port 0` };
}

export function judgeClock({ nowMs, server, authority }: Observed): Judgement {
  const now = new Date(nowMs).toISOString();
  if (authority !== undefined && !(authority.fromMs <= nowMs && nowMs < authority.toMs)) {
    const [from, to] = [authority.fromMs, authority.toMs].map((ms) => new Date(ms).toISOString());
    return {
      state: 'missing',
      found: `${now}, and the server's authority is valid from ${from} to ${to}`,
      mend: setClock,
    };
  }
  const serverMs = server.is === 'answering' ? server.dateMs : undefined;
  if (serverMs === undefined) return { state: 'ok', found: `${now}, with no server to compare it with` };
  const aheadMs = nowMs - serverMs;
  if (Math.abs(aheadMs) <= clockToleranceMs) return { state: 'ok', found: `${now}, as the server's` };
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const found = `${now}, ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the server's`;
  return { state: 'missing', found, mend: setClock };
}

function startWith(dataFolder: string): string {
  return `postern start --data ${dataFolder}`;
}
