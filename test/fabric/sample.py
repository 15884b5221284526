"""An application as it is for Azure: it names nothing of Postern, and gives no client an option."""

import sys

from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient

vault, name = sys.argv[1:]
client = SecretClient(f"https://{vault}.vault.azure.net", DefaultAzureCredential())
print(client.get_secret(name).value)
