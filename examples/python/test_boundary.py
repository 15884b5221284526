import unittest

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from postern import start_postern


class Boundary(unittest.TestCase):
    def test_the_application_is_not_let_in_from_here(self):
        with start_postern() as postern:
            trust = {"connection_verify": postern["caFile"]}
            credential = ClientSecretCredential(
                postern["tenantId"],
                postern["clientId"],
                postern["clientSecret"],
                authority=postern["home"],
                disable_instance_discovery=True,
                **trust,
            )
            with SecretClient(f"https://demo{postern['vaultSuffix']}", credential, **trust) as secrets:
                with self.assertRaisesRegex(HttpResponseError, r"Client address: 203\.0\.113\.1\r"):
                    secrets.get_secret("greeting")


if __name__ == "__main__":
    unittest.main()
