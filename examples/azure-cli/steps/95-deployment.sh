# shellcheck shell=bash disable=SC2154
heading 'A deployment reads a secret of the locked vault: the deployment service is trusted, and the vault enabled for it.'

cat >"$work/template.json" <<'JSON'
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "greeting": { "type": "securestring" } },
  "resources": [
    {
      "type": "Microsoft.Network/virtualNetworks",
      "apiVersion": "2023-07-01",
      "name": "green",
      "location": "[resourceGroup().location]",
      "tags": { "letters": "[string(length(parameters('greeting')))]" },
      "properties": { "addressSpace": { "addressPrefixes": ["10.2.0.0/16"] } }
    }
  ]
}
JSON
cat >"$work/parameters.json" <<JSON
{
  "\$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "greeting": { "reference": { "keyVault": { "id": "$vault_id" }, "secretName": "greeting" } } }
}
JSON
deploy=(az deployment group create --resource-group "$group" --name green --template-file "$work/template.json"
  --parameters "@$work/parameters.json" --query properties.provisioningState)
shows Succeeded "${deploy[@]}"
# "hello from behind the boundary" has 30 letters and spaces.
shows 30 az network vnet show --resource-group "$group" --name green --query tags.letters
run az keyvault update --name "$vault" --bypass None --query properties.networkAcls.bypass
# az 2.74 does not show what a deployment was refused for; the vault's log does.
refused ERROR "${deploy[@]}"
shows '"operationName":"SecretGet"' grep -hr --max-count=1 'caller was ignored because bypass is set to None' "$data/audit"
run az keyvault update --name "$vault" --bypass AzureServices --query properties.networkAcls.bypass
