# shellcheck shell=bash disable=SC2154
heading 'Rules that a vault does not take. Each is refused with the reason, and nothing has changed.'

blue=/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.Network/virtualNetworks/blue
add=(az keyvault network-rule add --name "$vault" --resource-group "$group")
before=$(az keyvault show --name "$vault" --query properties.networkAcls)

refused 'the prefix sizes /31 and /32 are not supported; use individual addresses instead: 203.0.113.8 and 203.0.113.9.' \
  "${add[@]}" --ip-address 203.0.113.8/31
refused '10.1.2.3 belongs to forbidden range 10.0.0.0–10.255.255.255 (private IP addresses)' "${add[@]}" --ip-address 10.1.2.3
refused '172.16.0.0/12 belongs to forbidden range 172.16.0.0–172.31.255.255' "${add[@]}" --ip-address 172.16.0.0/12
refused '192.168.7.7 belongs to forbidden range 192.168.0.0–192.168.255.255' "${add[@]}" --ip-address 192.168.7.7
refused 'only IPv4 addresses are supported' "${add[@]}" --ip-address 2001:db8::1
# 1 rule there is, and 127 more are one too many.
refused 'a vault takes at most 127 IPv4 rules' "${add[@]}" --ip-address $(printf '20.0.%d.0/24 ' $(seq 127))

run az network vnet subnet create --resource-group "$group" --vnet-name blue --name bare --address-prefixes 10.1.2.0/24 \
  --query name
refused 'Subnets bare of virtual network' "${add[@]}" --vnet-name blue --subnet bare
refused 'does not have subnets with names nowhere' "${add[@]}" --subnet "$blue/subnets/nowhere"
refused 'does not have subnets with names workloads' \
  "${add[@]}" --subnet "${blue/$subscription/11111111-1111-1111-1111-111111111111}/subnets/workloads"
refused 'properties.networkAcls.virtualNetworkRules[1].id' "${add[@]}" --subnet "$blue"

[ "$before" = "$(az keyvault show --name "$vault" --query properties.networkAcls)" ] || fail 'a refused rule changed the vault'
