import { statSync } from 'node:fs';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { authorityFileOf, domainOf, nicknamePrefix, readAuthorities } from '../trust/authorities.ts';
import type { Authority } from '../trust/authorities.ts';
import { shellWord } from '../shell-word.ts';
import { add, changeRefusal, entriesOf, lineByHand, remove } from '../trust/nss.ts';
import { lineFor } from '../trust/other-systems.ts';
import { planFor } from '../trust/plan.ts';
import { reportStores } from '../trust/report.ts';
import type { StoreReport } from '../trust/report.ts';
import type { NssStore } from '../trust/stores.ts';

export const trustInstall: Command = {
  name: 'trust install',
  synopsis:
    "Lets your browsers trust the server's certificates: puts its authority into your own stores, and nowhere else.",
  options: {},
  required: [],
  flags: {
    json: 'as JSON: a list of { browser, folder, state, isAsWanted, reason }; or { byHand }, a command of this system',
  },
  async run({ data = 'postern-data' }) {
    const connection = readConnection(data);
    const caFile = authorityFileOf(connection);
    refuseForeign(data, domainOf(connection));
    const authorities = readAuthorities(connection);
    const prefix = nicknamePrefix(connection);
    const byHand = lineFor(process.platform, 'install', () => ({ caFile, authorities }));
    if (byHand !== undefined) return { json: { byHand }, text: byHand };
    return reportStores((store) => install(store, { authorities, prefix, caFile, domain: domainOf(connection) }));
  },
};

/**
 * The folder of another user (the worker, where root started the server) may name any domain, and have an authority for
 * it. Only `localhost` leads nowhere but to this machine (RFC 6761 section 6.3).
 */
function refuseForeign(data: string, domain: string): void {
  const [own, { uid }] = [process.geteuid?.(), statSync(data)];
  if (own === undefined || uid === own || domain === 'localhost') return;
  throw new CommandFailed(
    `${data} belongs to another user, uid ${uid}, and its authority is for ${domain}, not for localhost.`,
    'Put a ca.pem that you trust into the store yourself, with certutil.',
  );
}

interface Wanted {
  readonly authorities: readonly Authority[];
  readonly prefix: string;
  readonly caFile: string;
  readonly domain: string;
}

function install(store: NssStore, { authorities, prefix, caFile, domain }: Wanted): StoreReport {
  const wanted = authorities.map(({ nickname }) => nickname);
  const { state, add: missing, remove: old } = planFor(entriesOf(store, prefix), wanted);
  const installed = { isAsWanted: true, state: 'installed', reason: `for ${domain} and names below it` };
  if (state === 'installed') return installed;
  const [first] = missing;
  const byHand = [
    ...old.map((nickname) => lineByHand('-D', store, nickname)),
    ...(first === undefined ? [] : [`${lineByHand('-A', store, first)} -t C,, -i ${shellWord(caFile)}`]),
  ].join('; ');
  const refusal = changeRefusal(store, byHand);
  if (refusal !== undefined) return { isAsWanted: false, state, reason: refusal };
  for (const nickname of old) remove(store, nickname);
  for (const authority of authorities) if (missing.includes(authority.nickname)) add(store, authority);
  if (planFor(entriesOf(store, prefix), wanted).state === 'installed') return installed;
  // NSS keeps a certificate once, under its first name.
  return { ...installed, reason: `${installed.reason}, under the name that you gave it before` };
}
