#!/bin/sh
# Makes a network with two subnets, and a vault that lets in one of them and two hosts. $APPLICATION names the managed identity
# of the application; the operator's client is in AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.
set -eu
az login --service-principal --tenant "$AZURE_TENANT_ID" --username "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET"
az group create --name orders --location westeurope
az network vnet create --resource-group orders --name orders --address-prefixes 10.2.0.0/16
for subnet in app:10.2.1.0/24 reports:10.2.2.0/24; do
  az network vnet subnet create --resource-group orders --vnet-name orders --name "${subnet%:*}" \
    --address-prefixes "${subnet#*:}" --service-endpoints Microsoft.KeyVault
done
az keyvault create --resource-group orders --name orders-safe --enable-rbac-authorization false
az keyvault secret set --vault-name orders-safe --name api-key --value 'correct horse'
az keyvault set-policy --name orders-safe --secret-permissions get \
  --object-id "$(az ad sp list --display-name "$APPLICATION" --query '[0].id' --output tsv)"
az keyvault network-rule add --name orders-safe --resource-group orders --vnet-name orders --subnet app
az keyvault network-rule add --name orders-safe --ip-address 203.0.113.10
az keyvault network-rule add --name orders-safe --ip-address 203.0.113.11
az keyvault update --name orders-safe --default-action Deny --bypass None
