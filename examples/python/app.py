import json

from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

with open("postern-data/connection.json") as file:
    postern = json.load(file)
credential = ClientSecretCredential(
    postern["tenantId"],
    postern["clientId"],
    postern["clientSecret"],
    authority=postern["home"],
    disable_instance_discovery=True,
)
secrets = SecretClient(f"https://demo{postern['vaultSuffix']}", credential)
print(secrets.get_secret("greeting").value)
