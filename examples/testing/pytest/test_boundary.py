import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient


def test_the_administrator_is_locked_out_too(postern):
    trust = {"connection_verify": postern["caFile"]}
    credential = ClientSecretCredential(
        postern["tenantId"],
        postern["clientId"],
        postern["clientSecret"],
        authority=postern["home"],
        disable_instance_discovery=True,
        **trust,
    )
    with SecretClient(f"https://app{postern['vaultSuffix']}", credential, **trust) as secrets:
        with pytest.raises(HttpResponseError, match=r"Client address: 203\.0\.113\.1\r"):
            secrets.get_secret("db-password")
