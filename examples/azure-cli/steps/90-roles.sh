# shellcheck shell=bash disable=SC2154
heading 'A vault whose data plane is left to role assignments.'

roles_id=/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.KeyVault/vaults/by-roles
run az keyvault create --resource-group "$group" --name by-roles --location westeurope --query properties.enableRbacAuthorization
refused "Action: 'Microsoft.KeyVault/vaults/secrets/setSecret/action'" az keyvault secret set --vault-name by-roles --name a --value b
run az role assignment create --assignee-object-id "$(ready objectId)" --assignee-principal-type ServicePrincipal \
  --role 'Key Vault Secrets Officer' --scope "$roles_id" --query id
run az keyvault secret set --vault-name by-roles --name a --value b --query id
shows 'Key Vault Secrets Officer' az role assignment list --scope "$roles_id" --query '[].roleDefinitionName'

heading 'Who may change the firewall: no Reader, and nobody without the right to join the subnet may add its rule.'
# as NAME ROLE: an application with that role in the group, signed in with an az configuration of its own.
as() {
  local made
  show az ad sp create-for-rbac --name "$1" --role "$2" --scopes "/subscriptions/$subscription/resourceGroups/$group"
  made=$(az ad sp create-for-rbac --name "$1" --role "$2" --scopes "/subscriptions/$subscription/resourceGroups/$group" 2>/dev/null) ||
    fail "the application $1 could not be made"
  member() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$made" "$1"; }
  mkdir "$work/$1"
  cp "$AZURE_CONFIG_DIR/clouds.config" "$AZURE_CONFIG_DIR/config" "$work/$1/"
  AZURE_CONFIG_DIR=$work/$1 az login --service-principal --username "$(member appId)" --password "$(member password)" \
    --tenant "$tenant" --output none || fail "the application $1 could not sign in"
}
as reader Reader
reader=(env AZURE_CONFIG_DIR="$work/reader" az)
run "${reader[@]}" keyvault show --name "$vault" --resource-group "$group" --query properties.networkAcls.defaultAction
refused "does not have authorization to perform action 'Microsoft.KeyVault/vaults/write'" \
  "${reader[@]}" keyvault network-rule add --name "$vault" --resource-group "$group" --ip-address 203.0.113.9
as contributor 'Key Vault Contributor'
contributor=(env AZURE_CONFIG_DIR="$work/contributor" az)
run "${contributor[@]}" keyvault network-rule add --name by-roles --resource-group "$group" --ip-address 203.0.113.9 \
  --query properties.networkAcls.ipRules
refused joinViaServiceEndpoint "${contributor[@]}" keyvault network-rule add --name by-roles --resource-group "$group" \
  --vnet-name blue --subnet workloads

heading 'A lock keeps the vault from deletion.'
locked=(--resource-group "$group" --resource "$vault" --resource-type Microsoft.KeyVault/vaults)
run az lock create --name keep --lock-type CanNotDelete "${locked[@]}" --query level
refused ScopeLocked az keyvault delete --name "$vault" --resource-group "$group"
run az lock delete --name keep "${locked[@]}"
