import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { authorityFileOf, nicknamePrefix, readAuthorities } from '../trust/authorities.ts';
import { entriesOf } from '../trust/nss.ts';
import { lineFor } from '../trust/other-systems.ts';
import { planFor } from '../trust/plan.ts';
import { reportStores } from '../trust/report.ts';

export const trustStatus: Command = {
  name: 'trust status',
  synopsis: 'Says for each store of your browsers whether it has the authority of this server. Exits 1 if one has not.',
  options: {},
  required: [],
  flags: {
    json: 'as JSON: a list of { browser, folder, state, isAsWanted, reason }; or { byHand }, a command of this system',
  },
  async run({ data = 'postern-data' }) {
    const connection = readConnection(data);
    const caFile = authorityFileOf(connection);
    const authorities = readAuthorities(connection);
    const wanted = authorities.map(({ nickname }) => nickname);
    const byHand = lineFor(process.platform, 'status', () => ({ caFile, authorities }));
    if (byHand !== undefined) return { json: { byHand }, text: byHand };
    return reportStores((store) => {
      const { state, reason } = planFor(entriesOf(store, nicknamePrefix(connection)), wanted);
      return { isAsWanted: state === 'installed', state, reason };
    });
  },
};
