#!/bin/bash
# "Configure Key Vault firewalls and virtual networks", step by step, typed into the Azure CLI.
#
#   examples/azure-cli/lock-down.sh              starts a server of its own, and ends it
#   examples/azure-cli/lock-down.sh ready.json   uses the one whose ready line stands there (postern start --json > ready.json)
#
# It prints each command and what az shows, and ends with an error at the first surprise. It needs:
#   - az (Debian: apt-get install azure-cli). Debian 13's has two packaging faults; with its az, set
#     PYTHONPATH=test/azure-cli/shim, which mends them.
#   - names such as lock-down.vault.localhost that Python can resolve (Debian: apt-get install libnss-myhostname), or the
#     lines of "postern hosts --vaults lock-down,by-roles" in /etc/hosts.
# Your own az configuration is left alone.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
steps=$root/examples/azure-cli/steps
work=$(mktemp -d)
server=

finish() {
  if [ -n "$server" ]; then kill "$server" && wait "$server" || true; fi
  rm -rf "$work"
}
trap finish EXIT

# shellcheck source=examples/azure-cli/say.sh
source "$root/examples/azure-cli/say.sh"

command -v az >/dev/null || fail "there is no az; on Debian: apt-get install azure-cli"
if [ $# -gt 0 ]; then
  cp -- "$1" "$work/ready.json"
else
  "$root/bin/postern" start --json --memory --port 0 >"$work/ready.json" 2>"$work/server.log" &
  server=$!
  for _ in $(seq 300); do
    [ -s "$work/ready.json" ] && break
    kill -0 "$server" 2>/dev/null || fail "the server did not start: $(cat "$work/server.log")"
    sleep 0.1
  done
fi

ready() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/ready.json" "$1"; }
home=$(ready home)
tenant=$(ready tenantId)
subscription=$(ready subscriptionId)
client=$(ready clientId)
secret=$(ready clientSecret)
data=$(ready dataDir)
suffix=$(ready vaultSuffix)
group=boundary
vault=lock-down

getent hosts "$vault${suffix%%:*}" >/dev/null ||
  fail "$vault${suffix%%:*} cannot be resolved: install libnss-myhostname, or put the lines of 'postern hosts --vaults lock-down,by-roles' into /etc/hosts"

az monitor diagnostic-settings create --help >/dev/null 2>&1 ||
  fail "this az does not load 'az monitor', as Debian 13's does not: set PYTHONPATH=$root/test/azure-cli/shim"

# The certificate authority of this server; a configuration of our own; and no question to login.microsoftonline.com
# whether it knows this server.
REQUESTS_CA_BUNDLE=$(ready caFile)
export REQUESTS_CA_BUNDLE SSL_CERT_FILE=$REQUESTS_CA_BUNDLE
export AZURE_CONFIG_DIR=$work/az AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CORE_COLLECT_TELEMETRY=false
export AZURE_CORE_NO_COLOR=true AZURE_CORE_ONLY_SHOW_ERRORS=true PYTHONWARNINGS=ignore

for step in "$steps"/*.sh; do
  # shellcheck source=/dev/null
  source "$step"
done
printf '\nEverything was as it should be: %s commands.\n' "$commands"
