import { errorMessage, getToken, send } from '../client.ts';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { privateBlocks } from '../../fabric/addresses.ts';
import { parseIpv4 } from '../../address/address.ts';
import { subnetIdOf } from '../subnet-id.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';

const apiVersion = 'api-version=2026-02-01';

export const explain: Command = {
  name: 'explain',
  synopsis:
    "Shows whether a vault's firewall allows a request that it sees come --from ADDRESS, or from it in --subnet SUBNET, and why. Exits 1 if not.",
  options: {
    vault: 'name of the vault',
    from: 'address that the vault sees: a public one, or with --subnet a private one',
    subnet: 'subnet that the request comes from, as VNET/SUBNET or its ARM id',
  },
  required: ['vault', 'from'],
  async run({ data = 'postern-data', vault = '', from, subnet }) {
    const connection = readConnection(data);
    if (subnet === undefined && isPrivate(from)) {
      throw new CommandFailed(
        `A vault sees the private address ${from} only from a subnet.`,
        'Give the subnet too: --subnet VNET/SUBNET.',
      );
    }
    const token = await getToken(connection, connection.home);
    const filter = encodeURIComponent(`resourceType eq 'Microsoft.KeyVault/vaults' and name eq '${vault}'`);
    const listUrl = `${connection.home}/subscriptions/${connection.subscriptionId}/resources?$filter=${filter}&${apiVersion}`;
    const list = await send(connection, { method: 'GET', url: listUrl, token });
    const id = soleId(list.body);
    if (id === undefined) throw new CommandFailed(`The vault '${vault}' does not exist.`);
    const subnetId = subnet === undefined ? undefined : await subnetIdOf(subnet, connection);
    const url = `${connection.home}${id}/explain?${apiVersion}`;
    const answer = await send(connection, { method: 'POST', url, token, json: { from, subnet: subnetId } });
    if (answer.status !== 200) throw new CommandFailed(errorMessage(answer));
    const exitStatus = membersOf(membersOf(answer.body).get('verdict')).get('allowed') === true ? 0 : 1;
    return { output: stringOf(answer.body, 'explanation'), exitStatus };
  },
};

function isPrivate(text = ''): boolean {
  const address = parseIpv4(text);
  return address !== undefined && privateBlocks.some(({ first, last }) => first <= address && address <= last);
}

function soleId(body: unknown): string | undefined {
  const value = membersOf(body).get('value');
  const id = stringOf(Array.isArray(value) ? value[0] : undefined, 'id');
  return id === '' ? undefined : id;
}

function stringOf(value: unknown, member: string): string {
  const found = membersOf(value).get(member);
  return typeof found === 'string' ? found : '';
}
