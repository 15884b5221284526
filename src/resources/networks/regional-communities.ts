/**
 * The BGP communities of Azure's regions. A virtual network with its own community also shows that of its region
 * (ExpressRoute, "Support for BGP communities"). A region that is not listed has none.
 */
const communities: Readonly<Record<string, number>> = {
  australiacentral: 32,
  australiacentral2: 33,
  australiaeast: 15,
  australiasoutheast: 16,
  brazilsouth: 14,
  canadacentral: 20,
  canadaeast: 21,
  centralindia: 17,
  centralus: 9,
  eastasia: 10,
  eastus: 4,
  eastus2: 5,
  francecentral: 30,
  francesouth: 31,
  germanynorth: 40,
  germanywestcentral: 41,
  japaneast: 12,
  japanwest: 13,
  koreacentral: 29,
  koreasouth: 28,
  northcentralus: 7,
  northeurope: 3,
  norwayeast: 42,
  norwaywest: 43,
  southafricanorth: 34,
  southafricawest: 35,
  southcentralus: 8,
  southeastasia: 11,
  southindia: 19,
  switzerlandnorth: 38,
  switzerlandwest: 39,
  uaecentral: 37,
  uaenorth: 36,
  uksouth: 24,
  ukwest: 25,
  westcentralus: 27,
  westeurope: 2,
  westindia: 18,
  westus: 6,
  westus2: 26,
  westus3: 44,
};

/** The community of a region in either spelling, `westeurope` or `West Europe`. */
export function regionalBgpCommunity(location: string): string | undefined {
  const community = communities[location.toLowerCase().replaceAll(' ', '')];
  return community === undefined ? undefined : `12076:${50_000 + community}`;
}
