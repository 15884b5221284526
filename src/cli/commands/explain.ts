import type { Command } from '../command.ts';
import { privateBlocks } from '../../fabric/addresses.ts';
import { parseIpv4 } from '../../address/address.ts';
import { subnetIdOf } from '../subnet-id.ts';
import { WrongUsage } from '../failed.ts';
import { membersOf } from '../json.ts';
import { callerNamed } from '../service-caller.ts';
import { askAbout, findVault, stringsOf } from '../vault-request.ts';

export const explain: Command = {
  name: 'explain',
  synopsis:
    "Shows whether a vault's firewall allows a request that it sees come --from ADDRESS, or from it in --subnet SUBNET, and why; if not, the smallest change of the rules that would. Exits 1 if not.",
  options: {
    vault: 'name of the vault',
    from: 'address that the vault sees: a public one, or with --subnet a private one',
    subnet: 'subnet that the request comes from, as VNET/SUBNET or its ARM id',
    as: 'trusted service that calls: its name, a part of it that no other has, or the id of its application',
    permission:
      'permission that the request needs, such as keys/unwrapKey (default secrets/get): trust goes by it. Whether the caller has it is not asked',
  },
  required: ['vault', 'from'],
  flags: { json: 'as JSON: verdict, rule, explanation and the changes that would let the request in' },
  progress: 'Asking the server',
  async run({ data = 'postern-data', vault = '', from, subnet, as, permission }, { flags }) {
    const found = await findVault(data, vault);
    if (subnet === undefined && isPrivate(from)) {
      throw new WrongUsage(
        `A vault sees the private address ${from} only from a subnet.`,
        'Give the subnet too: --subnet VNET/SUBNET.',
      );
    }
    const answer = await askAbout(found, {
      path: '/explain',
      json: {
        from,
        subnet: subnet === undefined ? undefined : await subnetIdOf(subnet, found.connection),
        permission,
        caller: as === undefined ? undefined : callerNamed(as),
      },
    });
    const exitStatus = membersOf(answer.get('verdict')).get('allowed') === true ? 0 : 1;
    if (flags.has('json')) return { output: JSON.stringify(Object.fromEntries(answer), undefined, 2), exitStatus };
    const unnamable = answer.get('unnamable');
    const lines = [
      String(answer.get('explanation')),
      ...(typeof unnamable === 'string' ? [unnamable] : []),
      ...fixLines(answer.get('fixes')),
    ];
    return { output: lines.join('\n'), exitStatus };
  },
};

function isPrivate(text = ''): boolean {
  const address = parseIpv4(text);
  return address !== undefined && privateBlocks.some(({ first, last }) => first <= address && address <= last);
}

/** The fixes, the one that lets in the least first. */
function fixLines(fixes: unknown): readonly string[] {
  const found: readonly unknown[] = Array.isArray(fixes) ? fixes : [];
  return found.flatMap((fix, index) => [
    index === 0 ? 'The smallest change that lets it in:' : 'Or, which lets in more:',
    ...stringsOf(membersOf(fix).get('commands')).map((each) => `  ${each}`),
  ]);
}
