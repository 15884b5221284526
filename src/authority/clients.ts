import { X509Certificate } from 'node:crypto';
import { decode, encode } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { hashClientSecret } from './client-secret.ts';

/** An application and its service principal, under `authority/client/<clientId>`. All ids are GUIDs in lower case. */
export interface Client {
  readonly clientId: string;
  /** The service principal's `oid`, which access policies and role assignments name. */
  readonly objectId: string;
  readonly tenantId: string;
  readonly displayName: string;
  readonly secrets: readonly { readonly hash: string }[];
  readonly certificates: readonly ClientCertificate[];
  /** ARM id of the resource whose managed identity this is; becomes `xms_mirid`. */
  readonly managedIdentity?: string;
  /** Object ids of the groups that it is in. */
  readonly groups?: readonly string[];
}

/** Thumbprints over the DER encoding, in base64url, as the header parameters `x5t` and `x5t#S256` have them. */
export interface ClientCertificate {
  readonly sha1: string;
  readonly sha256: string;
  readonly pem: string;
}

export interface ClientRegistration {
  readonly clientId: string;
  readonly objectId: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** In clear; only their hashes are kept. */
  readonly secrets?: readonly string[];
  /** PEM, the certificate only. */
  readonly certificates?: readonly string[];
  readonly managedIdentity?: string;
  readonly groups?: readonly string[];
}

/** A wrong secret is hashed against each of a client's, so that their number bounds the work that a stranger can cause. */
const secretsMax = 4;

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Adds a client.
 * @throws {RangeError} when the registration cannot be kept as it is
 * @throws {Conflict} when there is one of that `clientId` already
 */
export async function registerClient(store: Store, registration: ClientRegistration): Promise<Client> {
  const client = await toClient(registration);
  const key = clientKey(client.clientId);
  await store.transact({ require: [{ key, version: null }], put: [{ key, value: encode(client) }] });
  return client;
}

/**
 * Adds a client, or puts the registration in the place of the one that stands.
 * @throws {RangeError} when the registration cannot be kept as it is
 */
export async function putClient(store: Store, registration: ClientRegistration): Promise<Client> {
  const client = await toClient(registration);
  await store.transact({ put: [{ key: clientKey(client.clientId), value: encode(client) }] });
  return client;
}

/** Removes a client; tokens that it has stay valid until they expire. */
export async function deleteClient(store: Store, clientId: string): Promise<void> {
  await store.transact({ delete: [clientKey(clientId)] });
}

/** The client of that id, in any letter case; anything that is no GUID is nobody's. */
export async function findClient(store: Store, clientId: string): Promise<Client | undefined> {
  const id = clientId.toLowerCase();
  if (!guid.test(id)) return undefined;
  const [record] = await store.read({ get: [clientKey(id)] });
  return record === undefined ? undefined : decode<Client>(record);
}

async function toClient(registration: ClientRegistration): Promise<Client> {
  const { secrets = [], certificates = [], ...rest } = registration;
  for (const name of ['clientId', 'objectId', 'tenantId'] as const) {
    if (guid.test(rest[name])) continue;
    throw new RangeError(
      `${name} ${rest[name]} is not a GUID in lower case (8-4-4-4-12 hexadecimal digits): write it so`,
    );
  }
  if (secrets.length > secretsMax || secrets.includes('')) {
    throw new RangeError(
      `client ${rest.clientId} has ${secrets.length} secrets: give it at most ${secretsMax}, none of them empty`,
    );
  }
  return {
    ...rest,
    secrets: await Promise.all(secrets.map(async (secret) => ({ hash: await hashClientSecret(secret) }))),
    certificates: certificates.map((pem) => toClientCertificate(rest.clientId, pem)),
  };
}

function clientKey(clientId: string): string {
  return `authority/client/${clientId}`;
}

function toClientCertificate(clientId: string, pem: string): ClientCertificate {
  const certificate = parseCertificate(clientId, pem);
  // Entra takes RSA only ("Unsupported asymmetric signing algorithm" otherwise).
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') {
    throw new RangeError(
      `the certificate of client ${clientId} has a key of type ${certificate.publicKey.asymmetricKeyType}: use an RSA key`,
    );
  }
  return {
    sha1: toBase64url(certificate.fingerprint),
    sha256: toBase64url(certificate.fingerprint256),
    pem: certificate.toString(),
  };
}

function parseCertificate(clientId: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new RangeError(`the certificate of client ${clientId} is not an X.509 certificate in PEM`, { cause });
  }
}

/** From Node's `AB:CD:…`. */
function toBase64url(fingerprint: string): string {
  return Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
}
