import type { Options } from '../command.ts';
import { WrongUsage } from '../failed.ts';

/** The options of the commands that add and remove rules, as the Azure CLI has them. */
export const ruleOptions = {
  vault: 'name of the vault',
  'ip-address': { help: 'IPv4 addresses or ranges, with commas between them', value: 'CIDR' },
  subnet: { help: 'subnets, as VNET/SUBNET or ARM ids, likewise', value: 'SUBNET' },
} as const;

export const rulesShape =
  'as JSON: { defaultAction, bypass, publicNetworkAccess, ipRules, virtualNetworkRules }, with the rules as strings';

/** The rules that a command names. @throws {WrongUsage} when it names none */
export function rulesIn({ 'ip-address': ip, subnet }: Options): { readonly ip?: string; readonly subnet?: string } {
  if (ip === undefined && subnet === undefined)
    throw new WrongUsage('A rule is for an --ip-address or a --subnet.', 'Give one of them, or both.');
  return { ...(ip !== undefined && { ip }), ...(subnet !== undefined && { subnet }) };
}
