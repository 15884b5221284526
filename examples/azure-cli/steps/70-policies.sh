# shellcheck shell=bash disable=SC2154
heading 'The network lets a caller as far as the vault; what it may do there, its access policy says.'

run az keyvault set-policy --name "$vault" --spn "$client" --secret-permissions get list set delete recover purge \
  --query 'properties.accessPolicies[].permissions.secrets'
run az keyvault set-policy --name "$vault" --spn "$client" --secret-permissions list \
  --query 'properties.accessPolicies[].permissions.secrets'
refused 'does not have secrets get permission' az keyvault secret show --vault-name "$vault" --name greeting
run az keyvault set-policy --name "$vault" --spn "$client" --secret-permissions all --key-permissions all \
  --certificate-permissions all --query 'properties.accessPolicies[].permissions'
