"""Run by `python.test.ts` as `main.py KIND SCENARIO`: every method of Debian's clients, their challenge verification on."""

import asyncio
import importlib
import sys
from types import SimpleNamespace

import of_certificates
import of_keys
import of_secrets
from connection import ask, every_method_was_asked, new_credential

SUFFIXES = {"synchronous": "", "asynchronous": ".aio"}
SCENARIOS = {
    "secrets": (of_secrets.drive, ["SecretClient"]),
    "keys": (of_keys.drive, ["KeyClient", "CryptographyClient"]),
    "certificates": (of_certificates.drive, ["CertificateClient"]),
    "firewall": (of_secrets.firewall, []),
}
CLIENTS = {
    "SecretClient": "azure.keyvault.secrets",
    "KeyClient": "azure.keyvault.keys",
    "CryptographyClient": "azure.keyvault.keys.crypto",
    "CertificateClient": "azure.keyvault.certificates",
    "ClientSecretCredential": "azure.identity",
}


async def main(kind, scenario):
    suffix = SUFFIXES[kind]
    kinds = SimpleNamespace(
        **{name: getattr(importlib.import_module(package + suffix), name) for name, package in CLIENTS.items()}
    )
    drive, driven = SCENARIOS[scenario]
    credential = new_credential(kinds.ClientSecretCredential)
    await drive(kinds, credential)
    await ask(credential, "close")
    for name in driven:
        every_method_was_asked(getattr(kinds, name))
    print(f"{kind} {scenario}: done")


asyncio.run(main(*sys.argv[1:]))
