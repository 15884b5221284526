import os

from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient

secrets = SecretClient(os.environ["KEYVAULT_URL"], DefaultAzureCredential())
print(secrets.get_secret("greeting").value)
