import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { authorityFileOf, nicknamePrefix, readAuthorities } from '../trust/authorities.ts';
import { changeRefusal, entriesOf, lineByHand, remove } from '../trust/nss.ts';
import { lineFor } from '../trust/other-systems.ts';
import { reportStores } from '../trust/report.ts';
import type { StoreReport } from '../trust/report.ts';
import type { NssStore } from '../trust/stores.ts';

export const trustRemove: Command = {
  name: 'trust remove',
  synopsis: 'Takes the authority of this server out of the stores of your browsers, and nothing else.',
  options: {},
  required: [],
  flags: {
    json: 'as JSON: a list of { browser, folder, state, isAsWanted, reason }; or { byHand }, a command of this system',
  },
  async run({ data = 'postern-data' }) {
    const connection = readConnection(data);
    const caFile = authorityFileOf(connection);
    const byHand = lineFor(process.platform, 'remove', () => ({ caFile, authorities: readAuthorities(connection) }));
    if (byHand !== undefined) return { json: { byHand }, text: byHand };
    return reportStores((store) => removeAll(store, nicknamePrefix(connection)));
  },
};

function removeAll(store: NssStore, prefix: string): StoreReport {
  const entries = entriesOf(store, prefix);
  if (entries.length === 0) return { isAsWanted: true, state: 'absent' };
  const byHand = entries.map(({ nickname }) => lineByHand('-D', store, nickname)).join('; ');
  const reason = changeRefusal(store, byHand);
  if (reason !== undefined) return { isAsWanted: false, state: 'installed', reason };
  for (const { nickname } of entries) remove(store, nickname);
  return { isAsWanted: true, state: 'removed' };
}
