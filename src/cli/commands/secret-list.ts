import type { Command } from '../command.ts';
import { membersOf } from '../json.ts';
import { atVault, vaultOptions } from '../secret/at-vault.ts';

export const secretList: Command = {
  name: 'secret list',
  synopsis: "Lists a vault's secrets through the data plane, as the administrator: one name a line.",
  options: vaultOptions,
  required: ['vault'],
  flags: { json: 'as JSON: a list of what the vault says of each, such as { id, attributes }' },
  async run(options, { flags }) {
    const vault = await atVault(options);
    const found: unknown[] = [];
    for (let path = '/secrets'; path !== '';) {
      const page = await vault.ask(path);
      const value = page.get('value');
      const secrets: readonly unknown[] = Array.isArray(value) ? value : [];
      found.push(...secrets);
      const next = page.get('nextLink');
      path = typeof next === 'string' ? next : '';
    }
    if (flags.has('json')) return JSON.stringify(found, undefined, 2);
    return found.map((secret) => String(membersOf(secret).get('id')).split('/').at(-1)).join('\n');
  },
};
