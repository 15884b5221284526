# shellcheck shell=bash disable=SC2154
heading 'Set firewalls and virtual network rules. What is not allowed is denied, also the administrator.'

run az keyvault update --name "$vault" --default-action Deny --query properties.networkAcls
refused 'Client address is not authorized and caller is not a trusted service.' \
  az keyvault secret show --vault-name "$vault" --name greeting

run az keyvault network-rule add --name "$vault" --ip-address 203.0.113.1 --query properties.networkAcls.ipRules
shows 'hello from behind' az keyvault secret show --vault-name "$vault" --name greeting --query value --output tsv

# This server sees 127.0.0.7 as 203.0.113.7, which no rule names yet.
refused 'Client address: 203.0.113.7' \
  "$root/bin/postern" secret show --data "$data" --vault "$vault" --name greeting --from 203.0.113.7
run az keyvault network-rule add --name "$vault" --ip-address 203.0.113.4/30 --query properties.networkAcls.ipRules
shows 'hello from behind' \
  "$root/bin/postern" secret show --data "$data" --vault "$vault" --name greeting --from 203.0.113.7
refused 'Client address: 203.0.113.8' \
  "$root/bin/postern" secret show --data "$data" --vault "$vault" --name greeting --from 203.0.113.8

run az keyvault network-rule add --name "$vault" --resource-group "$group" --vnet-name blue --subnet workloads \
  --query properties.networkAcls.virtualNetworkRules
shows /blue/subnets/workloads az keyvault network-rule list --name "$vault"
hides 203.0.113.4/30 az keyvault network-rule remove --name "$vault" --ip-address 203.0.113.4/30 \
  --query properties.networkAcls
refused 'Client address: 203.0.113.7' \
  "$root/bin/postern" secret show --data "$data" --vault "$vault" --name greeting --from 203.0.113.7

heading 'Allow trusted Azure services to connect, or do not.'
shows None az keyvault update --name "$vault" --bypass None --query properties.networkAcls.bypass
shows AzureServices az keyvault update --name "$vault" --bypass AzureServices --query properties.networkAcls.bypass
