import type { SeedFile } from '../../seed/seed-file.ts';
import { getToken, vaultResource } from '../client.ts';
import type { Command } from '../command.ts';
import { findAll, openAsking, textIn } from '../export/found.ts';
import { LeftOut } from '../export/left-out.ts';
import { principalsOf } from '../export/principals.ts';
import { keysOf, networksOf, vaultOf } from '../export/resources.ts';
import { secretsOf } from '../export/secrets.ts';
import type { Reading } from '../export/secrets.ts';
import { jsonOf } from '../output-words.ts';
import { localAddressFor } from '../seen-address.ts';

/** The location that a seed need not name. */
const usualLocation = 'westeurope';

export const exportSeed: Command = {
  name: 'export',
  synopsis:
    'Prints a running server, as the administrator, as a seed to start a server with; on stderr what a seed cannot say, and with --secrets each value that a vault refuses: then it exits 1. A password, client secret or value that is not in it is null, which keeps the one that is there.',
  options: {
    'resource-group': 'resource group to export (default demo)',
    from: 'with --secrets: address that the vaults are to see, by the NAT table (default one that each lets in)',
  },
  required: [],
  flags: {
    secrets: 'with the values of secrets, in clear: give the file the mode 0600',
    json: 'as JSON, as without it: a seed',
  },
  progress: 'Reading the server',
  async run({ data = 'postern-data', 'resource-group': group = 'demo', from }, { flags }) {
    const asking = await openAsking(data);
    const { connection } = asking;
    const found = await findAll(asking, group);
    const leftOut = new LeftOut();
    const reading: Reading = {
      connection,
      vaultToken: flags.has('secrets') ? await getToken(connection, vaultResource(connection)) : undefined,
      localAddress: from === undefined ? undefined : localAddressFor(from, connection),
      leftOut,
    };
    const principals = principalsOf(found, connection, leftOut);
    const vaults: Record<string, NonNullable<SeedFile['vaults']>[string]> = {};
    for (const vault of found.vaults) {
      const secrets = await secretsOf(vault, found, reading);
      const keys = keysOf(vault, found, leftOut);
      vaults[textIn(vault, 'name')] = {
        ...vaultOf(vault, found, { principals, leftOut }),
        secrets,
        ...(Object.keys(keys).length > 0 && { keys }),
      };
    }
    const { identities, users } = principals;
    const seed: SeedFile = {
      ...(group !== 'demo' && { resourceGroup: group }),
      ...locationOf(
        [...found.vaults, ...found.networks].map((resource) => textIn(resource, 'location')),
        leftOut,
      ),
      networks: networksOf(found, leftOut),
      identities,
      users,
      vaults,
    };
    for (const line of leftOut.lines) process.stderr.write(`${line}\n`);
    return { output: jsonOf(seed), exitStatus: leftOut.isIncomplete ? 1 : 0 };
  },
};

/** A seed has one location. */
function locationOf(locations: readonly string[], leftOut: LeftOut): Pick<SeedFile, 'location'> {
  const [location = usualLocation, ...others] = new Set(locations);
  if (others.length > 0) leftOut.add('the locations', `there are several (${[location, ...others].join(', ')})`);
  return others.length > 0 || location === usualLocation ? {} : { location };
}
