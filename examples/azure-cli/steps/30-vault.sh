# shellcheck shell=bash disable=SC2154
heading 'A vault with access policies, and a secret in it, while every network may reach it.'

run az keyvault create --resource-group "$group" --name "$vault" --location westeurope --enable-rbac-authorization false \
  --enabled-for-template-deployment true --retention-days 7 --query '{name:name,uri:properties.vaultUri}'
run az keyvault secret set --vault-name "$vault" --name greeting --value 'hello from behind the boundary' --query id
shows 'hello from behind' az keyvault secret show --vault-name "$vault" --name greeting --query value --output tsv
