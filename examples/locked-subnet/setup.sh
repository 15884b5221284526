#!/bin/sh
# Makes a network with a subnet that may talk to Key Vault and to nothing else, and a subnet without a security group.
# $APPLICATION names the managed identity of the application; the operator's client is in AZURE_TENANT_ID, AZURE_CLIENT_ID
# and AZURE_CLIENT_SECRET.
set -eu
az login --service-principal --tenant "$AZURE_TENANT_ID" --username "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET"
az group create --name payments --location westeurope
az network nsg create --resource-group payments --name locked
rule() {
  az network nsg rule create --resource-group payments --nsg-name locked --source-address-prefixes '*' \
    --source-port-ranges '*' "$@"
}
rule --name key-vault --priority 100 --direction Outbound --access Allow --protocol Tcp \
  --destination-address-prefixes AzureKeyVault --destination-port-ranges 443
rule --name nothing-out --priority 4096 --direction Outbound --access Deny --protocol '*' \
  --destination-address-prefixes '*' --destination-port-ranges '*'
rule --name nothing-in --priority 4096 --direction Inbound --access Deny --protocol '*' \
  --destination-address-prefixes '*' --destination-port-ranges '*'
az network vnet create --resource-group payments --name payments --address-prefixes 10.3.0.0/16
az network vnet subnet create --resource-group payments --vnet-name payments --name locked \
  --address-prefixes 10.3.1.0/24 --service-endpoints Microsoft.KeyVault --network-security-group locked
az network vnet subnet create --resource-group payments --vnet-name payments --name open --address-prefixes 10.3.2.0/24
az keyvault create --resource-group payments --name payments-safe --enable-rbac-authorization false
az keyvault secret set --vault-name payments-safe --name card-key --value 'correct horse'
az keyvault set-policy --name payments-safe --secret-permissions get \
  --object-id "$(az ad sp list --display-name "$APPLICATION" --query '[0].id' --output tsv)"
az keyvault network-rule add --name payments-safe --resource-group payments --vnet-name payments --subnet locked
az keyvault update --name payments-safe --default-action Deny --bypass None
