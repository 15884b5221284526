/** The options of the commands that add and remove rules, as the Azure CLI has them. */
export const ruleOptions = {
  vault: 'name of the vault',
  'ip-address': { help: 'IPv4 addresses or ranges, with commas between them', value: 'CIDR' },
  subnet: { help: 'subnets, as VNET/SUBNET or ARM ids, likewise', value: 'SUBNET' },
} as const;

export const rulesShape =
  'as JSON: { defaultAction, bypass, publicNetworkAccess, ipRules, virtualNetworkRules }, with the rules as strings';
