# shellcheck shell=bash disable=SC2154 # lock-down.sh sets home, client, secret, tenant, group
heading 'Sign in. The address of the resource manager is all that has to be known of a cloud.'

run az cloud register --name Postern --endpoint-resource-manager "$home"
run az cloud set --name Postern
shows "$subscription" az login --service-principal --username "$client" --password "$secret" --tenant "$tenant"
shows Postern az cloud show --query name --output tsv
shows westeurope az group create --name "$group" --location westeurope
