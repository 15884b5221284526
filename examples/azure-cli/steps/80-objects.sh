# shellcheck shell=bash disable=SC2154
heading 'Secrets and keys, from an allowed place.'

run az keyvault secret set --vault-name "$vault" --name connection --value 'first' --query id
run az keyvault secret set --vault-name "$vault" --name connection --value 'second' --query id
run az keyvault secret list-versions --vault-name "$vault" --name connection --query 'length(@)'
run az keyvault secret backup --vault-name "$vault" --name connection --file "$work/connection.backup"
run az keyvault secret delete --vault-name "$vault" --name connection --query deletedDate
eventually connection az keyvault secret list-deleted --vault-name "$vault" --query '[].name'
run az keyvault secret recover --vault-name "$vault" --name connection --query name
eventually second az keyvault secret show --vault-name "$vault" --name connection --query value --output tsv

run az keyvault key create --vault-name "$vault" --name wrapping --kty RSA --size 2048 --query key.kty
encrypted=$(az keyvault key encrypt --vault-name "$vault" --name wrapping --algorithm RSA-OAEP-256 --value c2VjcmV0 --data-type base64 \
  --query result --output tsv)
shows c2VjcmV0 az keyvault key decrypt --vault-name "$vault" --name wrapping --algorithm RSA-OAEP-256 --value "$encrypted" \
  --data-type base64 --query result --output tsv
run az keyvault key rotate --vault-name "$vault" --name wrapping --query key.kid
run az keyvault key create --vault-name "$vault" --name signing --kty EC --curve P-256 --query key.crv

heading 'A certificate, which is a key and a secret as well.'
az keyvault certificate get-default-policy >"$work/policy.json"
run az keyvault certificate create --vault-name "$vault" --name front --policy @"$work/policy.json" --query status
shows CN=CLIGetDefaultPolicy az keyvault certificate show --vault-name "$vault" --name front --query policy.x509CertificateProperties.subject
run az keyvault certificate download --vault-name "$vault" --name front --file "$work/front.pem"
shows 'CN' openssl x509 -in "$work/front.pem" -noout -subject
shows application/x-pkcs12 az keyvault secret show --vault-name "$vault" --name front --query contentType
