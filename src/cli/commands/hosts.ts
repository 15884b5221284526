import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { WrongUsage } from '../failed.ts';

export const hosts: Command = {
  name: 'hosts',
  synopsis:
    'Prints lines for /etc/hosts for the vaults in --vaults NAME,NAME: not every client resolves *.localhost by itself.',
  options: {
    vaults: 'names of the vaults, with commas between them',
  },
  required: ['vaults'],
  flags: { json: 'as JSON: a list of { address, name }' },
  async run({ data = 'postern-data', vaults = '' }) {
    const { vaultSuffix, address: main, addresses = [main] } = readConnection(data);
    const domain = vaultSuffix.replace(/:\d+$/, '');
    const names = vaults.split(',').map((name) => name.trim());
    const wrong = names.find((name) => !/^[a-z0-9-]{3,24}$/i.test(name));
    if (wrong !== undefined)
      throw new WrongUsage(`'${wrong}' is not a vault name.`, 'A name has 3 to 24 letters, digits and hyphens.');
    const lines = names.flatMap((name) => addresses.map((address) => ({ address, name: `${name}${domain}` })));
    return { json: lines, text: lines.map(({ address, name }) => `${address} ${name}`).join('\n') };
  },
};
