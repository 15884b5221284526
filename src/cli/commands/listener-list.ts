import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';
import { membersOf } from '../json.ts';

export const listenerList: Command = {
  name: 'listener list',
  synopsis: 'Lists the open listeners of subnets: those of vaults and those of instance metadata.',
  options: {},
  required: [],
  flags: { json: 'as JSON: a list of { id, kind, port, … }, as without it if the output is not a terminal' },
  async run({ data = 'postern-data' }) {
    const answer = await askSupervisor(readConnection(data), { list: 'listeners' });
    const listed = answer.get('listeners');
    const listeners: readonly unknown[] = Array.isArray(listed) ? listed : [];
    const columns = ['id', 'kind', 'namespace', 'port', 'incarnation'];
    return {
      json: listeners,
      text: JSON.stringify(listeners, undefined, 2),
      table: {
        head: columns.map((name) => name.toUpperCase()),
        rows: listeners.map((each) => columns.map((name) => wordOf(membersOf(each).get(name)))),
      },
    };
  },
};

/** A namespace may be an object: the process in it, with a name or without one. */
function wordOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
