import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';
import { membersOf } from '../json.ts';
import { statusLines } from '../status/status-lines.ts';

export const status: Command = {
  name: 'status',
  synopsis:
    'Says how a running server does: whether it serves, since when, its listeners, store, audit log and sinks, and what runs out. Exits 1 if it does not serve. Only the user who started the server, and root, may ask.',
  options: {},
  required: [],
  flags: {
    json: 'as JSON: { version, startedAt, pid, worker, ready, checks, warnings, listeners }, and where known store, audit, sinks, certificates, connections and disk',
  },
  progress: 'Asking the server',
  async run({ data = 'postern-data' }) {
    const connection = readConnection(data);
    const found = (await askSupervisor(connection, { show: 'status' })).get('status');
    const text = statusLines(membersOf(found), { home: connection.home, nowMs: Date.now() }).join('\n');
    return { json: found, text, exitStatus: membersOf(found).get('ready') === true ? 0 : 1 };
  },
};
