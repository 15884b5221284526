"""The application: it reads a secret."""

import os

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient

secrets = SecretClient(os.environ["KEYVAULT_URL"], DefaultAzureCredential())
try:
    print(secrets.get_secret("api-key").value)
except HttpResponseError as error:
    print(error.status_code, error.error.message)
