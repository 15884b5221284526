# shellcheck shell=bash disable=SC2154
heading 'Delete, recover, purge: from the control plane, which the firewall does not concern.'

run az keyvault network-rule remove --name "$vault" --ip-address 203.0.113.1 --query properties.networkAcls.ipRules
refused 'Client address: 203.0.113.1' az keyvault secret list --vault-name "$vault"
run az keyvault delete --name "$vault" --resource-group "$group"
shows "$vault" az keyvault list-deleted --resource-type vault --query '[].name'
shows scheduledPurgeDate az keyvault show-deleted --name "$vault" --location westeurope
run az keyvault recover --name "$vault" --location westeurope --resource-group "$group" --query name
# It came back with its rules.
shows Deny az keyvault show --name "$vault" --query properties.networkAcls
refused 'Client address: 203.0.113.1' az keyvault secret list --vault-name "$vault"
run az keyvault delete --name "$vault" --resource-group "$group"
run az keyvault purge --name "$vault" --location westeurope
hides "$vault" az keyvault list-deleted --resource-type vault --query '[].name'

heading 'What the log says: who changed what, also from a place that the firewall denies; and who was denied.'
for operation in VaultPut VaultGet VaultDelete VaultListDeleted VaultGetDeleted VaultPurge; do
  shows '"callerIpAddress":"203.0.113.1"' grep -hr --max-count=1 "\"operationName\":\"$operation\"" "$data/audit"
done
shows '"isAddressAuthorized":false' grep -hr --max-count=1 'Client address: 203.0.113.8' "$data/audit"

heading 'The same in the storage account, as Azure lays it out, a second or two later.'
blobs=$data/storage/seclogs/insights-logs-auditevent
for _ in $(seq 100); do
  grep -qr '"operationName":"VaultDelete"' "$blobs" 2>/dev/null && break
  sleep 0.1
done
shows PT1H.json find "$blobs" -type f
shows '"callerIpAddress":"203.0.113.8"' grep -hr --max-count=1 'Client address: 203.0.113.8' "$blobs"
