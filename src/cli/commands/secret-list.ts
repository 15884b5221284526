import type { Command } from '../command.ts';
import { membersOf } from '../json.ts';
import { atVault, vaultOptions } from '../secret/at-vault.ts';

export const secretList: Command = {
  name: 'secret list',
  synopsis: "Lists a vault's secrets through the data plane, as the administrator: one name a line.",
  options: vaultOptions,
  required: ['vault'],
  flags: { json: 'as JSON: a list of what the vault says of each, such as { id, attributes }' },
  progress: 'Reading the secrets',
  async run(options) {
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
    const rows = found.map(rowOf);
    return {
      json: found,
      text: rows.map(([name]) => name).join('\n'),
      table: { head: ['NAME', 'ENABLED', 'UPDATED', 'CONTENT TYPE'], rows },
    };
  },
};

function rowOf(secret: unknown): readonly string[] {
  const members = membersOf(secret);
  const attributes = membersOf(members.get('attributes'));
  const contentType = members.get('contentType');
  const updated = new Date(Number(attributes.get('updated')) * 1000);
  return [
    String(members.get('id')).split('/').at(-1) ?? '',
    attributes.get('enabled') === false ? 'no' : 'yes',
    Number.isNaN(updated.getTime()) ? '' : updated.toISOString(),
    typeof contentType === 'string' ? contentType : '',
  ];
}
