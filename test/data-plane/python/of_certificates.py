import base64
from datetime import datetime, timedelta, timezone

from azure.core.rest import HttpRequest
from azure.keyvault.certificates import (
    AdministratorContact,
    CertificateContact,
    CertificatePolicy,
    LifetimeAction,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from connection import POLLING, TRANSPORT, VAULT, ask, ask_when_free, refused


def policy(**more):
    return CertificatePolicy(
        **{
            "issuer_name": "Self",
            "subject": "CN=www.example.com",
            "san_dns_names": ["www.example.com"],
            "key_type": "EC",
            "key_curve_name": "P-384",
            "content_type": "application/x-pem-file",
            "validity_in_months": 6,
            "lifetime_actions": [LifetimeAction("AutoRenew", days_before_expiry=20)],
            **more,
        }
    )


def signed_here(name, public, key, issuer):
    """A certificate about a public key, signed with `key` by `issuer`."""
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string(name))
        .issuer_name(x509.Name.from_rfc4514_string(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )


async def makes(client, secrets):
    made = await ask(client, "create_certificate", "made", policy(), tags={"a": "b"}, **POLLING)
    assert (made.name, made.properties.tags, made.properties.enabled) == ("made", {"a": "b"}, True)
    certificate = x509.load_der_x509_certificate(bytes(made.cer))
    assert certificate.subject.rfc4514_string() == "CN=www.example.com"
    assert made.properties.x509_thumbprint == certificate.fingerprint(hashes.SHA1())
    assert made.key_id == f"{VAULT}/keys/made/{made.properties.version}"
    assert (made.policy.key_curve_name, made.policy.lifetime_actions[0].days_before_expiry) == ("P-384", 20)
    pem = (await ask(secrets, "get_secret", "made")).value.encode()
    private = serialization.load_pem_private_key(pem, None)
    assert private.public_key() == certificate.public_key()

    second = await ask(client, "create_certificate", "made", policy(subject="CN=two"), **POLLING)
    first = await ask(client, "get_certificate_version", "made", made.properties.version)
    assert (first.cer, (await ask(client, "get_certificate", "made")).cer) == (made.cer, second.cer)
    version = made.properties.version
    changed = await ask(client, "update_certificate_properties", "made", version, enabled=False, tags={"c": "d"})
    assert (changed.properties.enabled, changed.properties.tags) == (False, {"c": "d"})
    versions = await ask(client, "list_properties_of_certificate_versions", "made")
    assert {(item.version, item.enabled) for item in versions} == {(version, False), (second.properties.version, True)}

    await ask(client, "update_certificate_policy", "made", policy(validity_in_months=9))
    now = await ask(client, "get_certificate_policy", "made")
    assert (now.validity_in_months, now.subject, now.key_type) == (9, "CN=www.example.com", "EC")
    raw = await ask(client, "send_request", HttpRequest("GET", "certificates/made"))
    assert raw.status_code == 200 and raw.json()["sid"] == f"{VAULT}/secrets/made/{second.properties.version}"


async def follows_operations(client):
    await ask(client, "create_certificate", "asked", policy(issuer_name="Unknown"), **POLLING)
    operation = await ask(client, "get_certificate_operation", "asked")
    assert (operation.status, operation.issuer_name) == ("inProgress", "Unknown")
    request = x509.load_der_x509_csr(bytes(operation.csr))
    assert request.is_signature_valid
    waiting = await ask(client, "list_properties_of_certificates", include_pending=True)
    assert {item.name for item in waiting} == {"made", "asked"}
    assert {item.name for item in await ask(client, "list_properties_of_certificates")} == {"made"}
    authority = ec.generate_private_key(ec.SECP256R1())
    own = signed_here("CN=Some authority", authority.public_key(), authority, "CN=Some authority")
    leaf = signed_here("CN=www.example.com", request.public_key(), authority, "CN=Some authority")
    leaf_der, own_der = [one.public_bytes(serialization.Encoding.DER) for one in [leaf, own]]
    # The client encodes it; Microsoft's own tests of it give it base64 nevertheless, and Azure takes that, too.
    chain = [base64.b64encode(leaf_der), own_der]
    merged = await ask(client, "merge_certificate", "asked", chain)
    assert bytes(merged.cer) == leaf_der

    await ask(client, "create_certificate", "stopped", policy(issuer_name="Unknown"), **POLLING)
    assert (await ask(client, "cancel_certificate_operation", "stopped")).cancellation_requested
    assert (await ask(client, "delete_certificate_operation", "stopped")).name == "stopped"
    await refused(404, "Pending certificate not found: stopped", client, "get_certificate_operation", "stopped")


async def takes(client, secrets):
    key = ec.generate_private_key(ec.SECP256R1())
    own = signed_here("CN=elsewhere", key.public_key(), key, "CN=elsewhere")
    locked = serialization.BestAvailableEncryption(b"pass")
    pfx = pkcs12.serialize_key_and_certificates(b"name", key, own, None, locked)
    imported = await ask(client, "import_certificate", "pfx", pfx, password="pass", tags={"a": "b"})
    assert bytes(imported.cer) == own.public_bytes(serialization.Encoding.DER)
    kept = base64.b64decode((await ask(secrets, "get_secret", "pfx")).value)
    assert pkcs12.load_pkcs12(kept, None).key.private_numbers() == key.private_numbers()
    wrong = "The specified PKCS#12 X.509 certificate content can not be read."
    await refused(400, wrong, client, "import_certificate", "not-imported", pfx, password="wrong")
    form = [serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()]
    pem = key.private_bytes(*form) + own.public_bytes(serialization.Encoding.PEM)
    as_pem = policy(issuer_name="Unknown", subject=None, key_curve_name="P-256", lifetime_actions=None)
    assert (await ask(client, "import_certificate", "pem", pem, policy=as_pem)).cer == imported.cer


async def deletes(client, secrets):
    certificate = await ask(client, "get_certificate", "made")
    secret = await ask(secrets, "get_secret", "made")
    blob = await ask(client, "backup_certificate", "made")
    deleted = await ask(client, "delete_certificate", "made", **POLLING)
    assert deleted.recovery_id == f"{VAULT}/deletedcertificates/made"
    assert [item.name for item in await ask(client, "list_deleted_certificates")] == ["made"]
    assert (await ask(client, "get_deleted_certificate", "made")).cer == certificate.cer
    assert (await ask(client, "recover_deleted_certificate", "made", **POLLING)).cer == certificate.cer
    await ask(client, "delete_certificate", "made", **POLLING)
    await ask(client, "purge_deleted_certificate", "made")
    await refused(404, "Deleted Certificate not found: made", client, "get_deleted_certificate", "made")
    restored = await ask_when_free(client, "restore_certificate_backup", blob)
    assert (restored.id, restored.cer, restored.key_id) == (certificate.id, certificate.cer, certificate.key_id)
    assert restored.policy.validity_in_months == 9
    assert (await ask(secrets, "get_secret", "made")).value == secret.value
    assert len(await ask(client, "list_properties_of_certificate_versions", "made")) == 2


async def issuers(client):
    contact = AdministratorContact(first_name="A", last_name="B", email="a@example.com", phone="1")
    options = {"account_id": "account", "password": "pass", "organization_id": "org", "admin_contacts": [contact]}
    issuer = await ask(client, "create_issuer", "ours", "Test", **options)
    assert (issuer.provider, issuer.account_id, issuer.organization_id) == ("Test", "account", "org")
    assert (issuer.admin_contacts[0].email, issuer.password) == ("a@example.com", None)
    assert (await ask(client, "update_issuer", "ours", account_id="other")).account_id == "other"
    assert (await ask(client, "get_issuer", "ours")).account_id == "other"
    assert [item.name for item in await ask(client, "list_properties_of_issuers")] == ["ours"]
    made = await ask(client, "create_certificate", "by-issuer", policy(issuer_name="ours"), **POLLING)
    assert x509.load_der_x509_certificate(bytes(made.cer)).issuer.rfc4514_string() == "CN=Postern Test Authority"
    assert (await ask(client, "delete_issuer", "ours")).provider == "Test"
    await refused(404, "Issuer not found", client, "get_issuer", "ours")

    await ask(client, "set_contacts", [CertificateContact(email="a@example.com", name="A", phone="1")])
    assert [(one.email, one.name, one.phone) for one in await ask(client, "get_contacts")] == [("a@example.com", "A", "1")]
    assert [one.email for one in await ask(client, "delete_contacts")] == ["a@example.com"]
    await refused(404, "Contacts not found", client, "get_contacts")


async def drive(kinds, credential):
    client = kinds.CertificateClient(VAULT, credential, **TRANSPORT)
    secrets = kinds.SecretClient(VAULT, credential, **TRANSPORT)
    await makes(client, secrets)
    await follows_operations(client)
    await takes(client, secrets)
    await deletes(client, secrets)
    await issuers(client)
    await ask(secrets, "close")
    await ask(client, "close")
