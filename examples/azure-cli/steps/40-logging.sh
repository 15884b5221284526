# shellcheck shell=bash disable=SC2154
heading 'Enable Key Vault logging. The storage account is a folder of this server, below storage/ in its data folder.'

vault_id=/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.KeyVault/vaults/$vault
shows '"Succeeded"' az storage account create --name seclogs --resource-group "$group" --location westeurope --sku Standard_LRS \
  --query '[provisioningState]'
refused 'is not a valid storage account name' az storage account create --name Sec-Logs --resource-group "$group"
account=$(az storage account show --name seclogs --resource-group "$group" --query id --output tsv)
logs='[{"category":"AuditEvent","enabled":true}]'
shows AuditEvent az monitor diagnostic-settings categories list --resource "$vault_id" --query 'value[].name'
run az monitor diagnostic-settings create --name service --resource "$vault_id" --storage-account "$account" --logs "$logs" \
  --query '{storageAccountId:storageAccountId,logs:logs}'
shows service az monitor diagnostic-settings list --resource "$vault_id" --query '[].name'
refused 'At least one data sink needs to be specified' az rest --method put --resource "$home" \
  --url "$home$vault_id/providers/Microsoft.Insights/diagnosticSettings/nowhere?api-version=2021-05-01-preview" \
  --body "{\"properties\":{\"logs\":$logs}}"
