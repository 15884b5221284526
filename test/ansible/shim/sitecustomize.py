"""
Mends two faults of Debian 13's azure.azcollection 3, for a test that runs a real playbook. Python imports a module of
this name by itself at its start: put this folder on PYTHONPATH.

1. Every module of the collection first imports clients of Microsoft Graph that Debian does not package
   (kiota_authentication_azure, msgraph_core, msgraph). Only the azure_rm_ad* modules use them; here they are names
   without contents.
2. With a cloud that is not one of Microsoft's, it calls azure.cli.core.cloud.get_cloud_from_metadata_endpoint, which
   azure-cli 2.74 no longer has.
"""

import importlib.util
import json
import sys
import types
import urllib.request


class Absent(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


kiota = "kiota_authentication_azure"
wanted = (kiota, f"{kiota}.azure_identity_authentication_provider", "msgraph_core", "msgraph")
if not any(importlib.util.find_spec(name) for name in (kiota, "msgraph_core", "msgraph")):
    sys.modules.update({name: Absent(name) for name in wanted})


def get_cloud_from_metadata_endpoint(resource_manager, name=None):
    from azure.cli.core.cloud import Cloud, CloudEndpoints, CloudSuffixes

    url = f"{resource_manager.rstrip('/')}/metadata/endpoints?api-version=2022-09-01"
    with urllib.request.urlopen(url) as answer:
        metadata = json.load(answer)
    endpoints = CloudEndpoints(
        management=metadata["resourceManager"],
        resource_manager=metadata["resourceManager"],
        active_directory=metadata["authentication"]["loginEndpoint"],
        active_directory_resource_id=metadata["authentication"]["audiences"][0],
    )
    suffixes = CloudSuffixes(keyvault_dns="." + metadata["suffixes"]["keyVaultDns"])
    return Cloud(name or metadata["name"], endpoints=endpoints, suffixes=suffixes)


try:
    import azure.cli.core.cloud

    if not hasattr(azure.cli.core.cloud, "get_cloud_from_metadata_endpoint"):
        azure.cli.core.cloud.get_cloud_from_metadata_endpoint = get_cloud_from_metadata_endpoint
except ImportError:
    # Another Python, without Debian's packages: it does not run the collection.
    pass
