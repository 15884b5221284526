# shellcheck shell=bash disable=SC2154
heading 'Enable service endpoints for Key Vault for the virtual network and its subnet.'

run az network vnet create --resource-group "$group" --name blue --address-prefixes 10.1.0.0/16 \
  --subnet-name workloads --subnet-prefixes 10.1.1.0/24 --query 'newVNet.{name:name,subnets:subnets[].name}'
shows Microsoft.KeyVault az network vnet subnet update --resource-group "$group" --vnet-name blue --name workloads \
  --service-endpoints Microsoft.KeyVault --query 'serviceEndpoints[].service'
