import hashlib
import logging
import os

from azure.core.rest import HttpRequest
from azure.keyvault.keys import JsonWebKey, KeyRotationLifetimeAction, KeyRotationPolicy
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from connection import POLLING, TRANSPORT, VAULT, ask, ask_when_free, refused

TEXT = b"a text of no secrecy"


async def keys(client):
    rsa = await ask(client, "create_rsa_key", "rsa", size=2048, tags={"a": "b"})
    assert (rsa.key_type, len(rsa.key.n), rsa.properties.tags) == ("RSA", 256, {"a": "b"})
    assert (await ask(client, "create_ec_key", "ec", curve="P-521", hardware_protected=True)).key_type == "EC-HSM"
    assert (await ask(client, "create_oct_key", "oct", size=256, hardware_protected=True)).key_type == "oct-HSM"
    any_key = await ask(client, "create_key", "any", "EC", curve="P-256K", enabled=False)
    assert (any_key.key.crv, any_key.properties.enabled) == ("P-256K", False)
    private = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = private.public_numbers
    numbers = {"d": private.private_value, "x": public.x, "y": public.y}
    members = {name: number.to_bytes(32, "big") for name, number in numbers.items()}
    imported = await ask(client, "import_key", "imported", JsonWebKey(kty="EC", crv="P-256", **members))
    assert (imported.key.x, imported.key.d) == (members["x"], None)

    assert (await ask(client, "get_key", "rsa")).id == rsa.id
    second = await ask(client, "create_rsa_key", "rsa")
    changed = await ask(client, "update_key_properties", "rsa", rsa.properties.version, enabled=False)
    assert (changed.properties.enabled, changed.properties.tags) == (False, {"a": "b"})
    listed = {item.name for item in await ask(client, "list_properties_of_keys", max_page_size=2)}
    assert listed == {"rsa", "ec", "oct", "any", "imported"}
    versions = await ask(client, "list_properties_of_key_versions", "rsa")
    assert {(item.id, item.enabled) for item in versions} == {(rsa.id, False), (second.id, True)}

    rotate = KeyRotationLifetimeAction("Rotate", time_after_create="P60D")
    policy = KeyRotationPolicy(lifetime_actions=[rotate], expires_in="P90D")
    updated = await ask(client, "update_key_rotation_policy", "ec", policy)
    assert (updated.expires_in, updated.id) == ("P90D", f"{VAULT}/keys/ec/rotationpolicy")
    again = await ask(client, "get_key_rotation_policy", "ec")
    assert {action.action: action.time_after_create for action in again.lifetime_actions}["Rotate"] == "P60D"
    rotated = await ask(client, "rotate_key", "ec")
    assert (rotated.properties.expires_on - rotated.properties.created_on).days == 90

    assert len(await ask(client, "get_random_bytes", 33)) == 33
    await refused(501, "no attestation is configured here", client, "release_key", "rsa", "token")
    await refused(501, "no attestation is configured here", client, "get_key_attestation", "rsa")
    raw = await ask(client, "send_request", HttpRequest("GET", "keys/rsa"))
    assert raw.status_code == 200 and raw.json()["key"]["kid"] == second.id


async def deletes(client):
    blob = await ask(client, "backup_key", "imported")
    key = await ask(client, "get_key", "imported")
    deleted = await ask(client, "delete_key", "imported", **POLLING)
    assert deleted.recovery_id == f"{VAULT}/deletedkeys/imported"
    assert [item.name for item in await ask(client, "list_deleted_keys")] == ["imported"]
    assert (await ask(client, "get_deleted_key", "imported")).id == key.id
    assert (await ask(client, "recover_deleted_key", "imported", **POLLING)).id == key.id
    await ask(client, "delete_key", "imported", **POLLING)
    await ask(client, "purge_deleted_key", "imported")
    await refused(404, "Deleted Key not found: imported", client, "get_deleted_key", "imported")
    restored = await ask_when_free(client, "restore_key_backup", blob)
    assert (restored.id, restored.key.x) == (key.id, key.key.x)
    await refused(409, "There was a conflict restoring the key", client, "restore_key_backup", blob)


async def uses_rsa(kinds, client, credential):
    key = await ask(client, "get_key", "rsa")
    remote = kinds.CryptographyClient(key.id, credential, **TRANSPORT)
    local = await ask(kinds.CryptographyClient, "from_jwk", key.key)
    named = await ask(client, "get_cryptography_client", "rsa")
    for algorithm in [EncryptionAlgorithm.rsa1_5, EncryptionAlgorithm.rsa_oaep, EncryptionAlgorithm.rsa_oaep_256]:
        sealed = (await ask(local, "encrypt", algorithm, TEXT)).ciphertext
        assert (await ask(remote, "decrypt", algorithm, sealed)).plaintext == TEXT
    for algorithm in [KeyWrapAlgorithm.rsa1_5, KeyWrapAlgorithm.rsa_oaep, KeyWrapAlgorithm.rsa_oaep_256]:
        wrapped = (await ask(local, "wrap_key", algorithm, TEXT)).encrypted_key
        assert (await ask(named, "unwrap_key", algorithm, wrapped)).key == TEXT
    for name in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]:
        algorithm = SignatureAlgorithm(name)
        digest = hashlib.new("sha" + name[2:], TEXT).digest()
        signature = (await ask(remote, "sign", algorithm, digest)).signature
        assert (await ask(local, "verify", algorithm, digest, signature)).is_valid
        assert (await ask(remote, "verify", algorithm, digest, signature)).is_valid
        assert not (await ask(remote, "verify", algorithm, digest[::-1], signature)).is_valid
    raw = await ask(remote, "send_request", HttpRequest("GET", "keys/rsa"))
    assert raw.status_code == 200
    if hasattr(remote, "create_rsa_private_key"):
        private = await ask(remote, "create_rsa_private_key")
        public = await ask(remote, "create_rsa_public_key")
        signature = private.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())
        public.verify(signature, TEXT, padding.PKCS1v15(), hashes.SHA256())
    await ask(remote, "close")


async def uses_others(kinds, client, credential):
    for curve, name in [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("P-256K", "ES256K")]:
        algorithm = SignatureAlgorithm(name)
        key = await ask(client, "create_ec_key", f"ec-{name}", curve=curve)
        remote = kinds.CryptographyClient(key, credential, **TRANSPORT)
        local = await ask(kinds.CryptographyClient, "from_jwk", key.key)
        hashed = hashlib.new(f"sha{name[2:5]}", TEXT).digest()
        signature = (await ask(remote, "sign", algorithm, hashed)).signature
        assert (await ask(local, "verify", algorithm, hashed, signature)).is_valid
        await ask(remote, "close")

    secret = os.urandom(32)
    uses = ["encrypt", "decrypt", "wrapKey", "unwrapKey"]
    jwk = JsonWebKey(kty="oct-HSM", k=secret, key_ops=uses)
    key = await ask(client, "import_key", "oct-imported", jwk)
    assert key.key.k is None
    # Of a symmetric key that it was not given, the client says on stderr that it cannot use it here, and asks the vault.
    logging.getLogger("azure.keyvault.keys.crypto").setLevel(logging.ERROR)
    remote = kinds.CryptographyClient(key, credential, **TRANSPORT)
    local = await ask(kinds.CryptographyClient, "from_jwk", JsonWebKey(kty="oct", k=secret, key_ops=uses))
    iv = os.urandom(16)
    padded = EncryptionAlgorithm.a256_cbcpad
    sealed = (await ask(local, "encrypt", padded, TEXT, iv=iv)).ciphertext
    assert (await ask(remote, "decrypt", padded, sealed, iv=iv)).plaintext == TEXT
    gcm = await ask(remote, "encrypt", EncryptionAlgorithm.a256_gcm, TEXT, additional_authenticated_data=b"seen")
    tag = {"iv": gcm.iv, "authentication_tag": gcm.tag}
    opened = await ask(remote, "decrypt", gcm.algorithm, gcm.ciphertext, additional_authenticated_data=b"seen", **tag)
    assert opened.plaintext == TEXT
    wrapped = (await ask(local, "wrap_key", KeyWrapAlgorithm.aes_256, secret)).encrypted_key
    assert (await ask(remote, "unwrap_key", KeyWrapAlgorithm.aes_256, wrapped)).key == secret
    await ask(remote, "close")


async def drive(kinds, credential):
    client = kinds.KeyClient(VAULT, credential, **TRANSPORT)
    await keys(client)
    await deletes(client)
    await uses_rsa(kinds, client, credential)
    await uses_others(kinds, client, credential)
    await ask(client, "close")
