from datetime import datetime, timezone

from azure.core.rest import HttpRequest

from connection import POLLING, TRANSPORT, VAULT, ask, ask_when_free, refused


async def all_methods(client):
    expires = datetime(2040, 1, 1, tzinfo=timezone.utc)
    first = await ask(client, "set_secret", "Python", "one", tags={"a": "b"}, content_type="text/plain")
    second = await ask(client, "set_secret", "python", "two", expires_on=expires, enabled=True)
    assert (first.value, first.properties.tags, first.properties.content_type) == ("one", {"a": "b"}, "text/plain")
    assert second.properties.expires_on == expires and second.properties.vault_url == VAULT
    assert (await ask(client, "get_secret", "python")).value == "two"
    version = first.properties.version
    assert (await ask(client, "get_secret", "python", version)).id == first.id

    changed = await ask(client, "update_secret_properties", "python", version, enabled=False, content_type="text/html")
    assert (changed.enabled, changed.tags, changed.content_type) == (False, {"a": "b"}, "text/html")
    await refused(403, "Operation get is not allowed on a disabled secret.", client, "get_secret", "python", version)
    await refused(404, "was not found in this key vault", client, "get_secret", "missing")

    versions = await ask(client, "list_properties_of_secret_versions", "python")
    assert {(item.id, item.enabled) for item in versions} == {(first.id, False), (second.id, True)}
    assert await ask(client, "list_properties_of_secret_versions", "missing") == []
    for number in range(30):
        await ask(client, "set_secret", f"page-{number}", "v")
    names = [item.name for item in await ask(client, "list_properties_of_secrets", max_page_size=7)]
    assert len(names) == len(set(names)) == 31 and "Python" in names

    blob = await ask(client, "backup_secret", "python")
    deleted = await ask(client, "delete_secret", "python", **POLLING)
    assert deleted.recovery_id == f"{VAULT}/deletedsecrets/Python"
    assert deleted.scheduled_purge_date > deleted.deleted_date
    assert [item.id for item in await ask(client, "list_deleted_secrets")] == [f"{VAULT}/secrets/Python"]
    assert (await ask(client, "get_deleted_secret", "python")).id == second.id
    recovered = await ask(client, "recover_deleted_secret", "python", **POLLING)
    assert (recovered.id, recovered.recovery_level) == (second.id, "Recoverable+Purgeable")
    assert (await ask(client, "get_secret", "python")).value == "two"

    await ask(client, "delete_secret", "python", **POLLING)
    await ask(client, "purge_deleted_secret", "python")
    await refused(404, "Deleted Secret not found: python", client, "get_deleted_secret", "python")
    restored = await ask_when_free(client, "restore_secret_backup", blob)
    assert (restored.id, restored.expires_on) == (second.id, expires)
    assert (await ask(client, "get_secret", "python")).value == "two"
    await refused(400, "Backup blob contains invalid or corrupt version.", client, "restore_secret_backup", b"garbage")

    raw = await ask(client, "send_request", HttpRequest("GET", "secrets/python"))
    assert raw.status_code == 200 and raw.json()["value"] == "two"
    await ask(client, "close")


async def drive(kinds, credential):
    await all_methods(kinds.SecretClient(VAULT, credential, **TRANSPORT))


async def firewall(kinds, credential):
    client = kinds.SecretClient(VAULT, credential, **TRANSPORT)
    text = "Client address is not authorized and caller is not a trusted service.\r\nClient address: 203.0.113.8\r\n"
    await refused(403, text, client, "get_secret", "python")
    await ask(client, "close")
