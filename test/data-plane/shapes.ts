/**
 * The shapes that Microsoft publishes, as the official clients have them: models that are generated from the description
 * of the API, with a deserializer each.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Collection } from '../../src/types/collection.ts';

type Deserializer = (item: unknown) => unknown;

interface Models {
  readonly deserializers: ReadonlyMap<string, unknown>;
  /** The members of each interface. */
  readonly interfaces: ReadonlyMap<string, readonly Member[]>;
}

interface Member {
  readonly name: string;
  readonly required: boolean;
  /** The name of a type, without `[]`. */
  readonly type: string;
}

async function modelsOf(collection: Collection): Promise<Models> {
  const folder = new URL('dist/esm/models/', import.meta.resolve(`@azure/keyvault-${collection}/package.json`));
  const module: unknown = await import(new URL('models.js', folder).href);
  const declarations = readFileSync(new URL('models.d.ts', folder), 'utf8').replaceAll(/\/\*\*.*?\*\//gs, '');
  const interfaces = [...declarations.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)].map(
    ([, name = '', body = '']) => [name, membersIn(body)] as const,
  );
  return { deserializers: new Map(Object.entries(module ?? {})), interfaces: new Map(interfaces) };
}

function membersIn(body: string): readonly Member[] {
  return [...body.matchAll(/^ {4}(?:readonly )?(\w+)(\??): ([^;]+);/gm)].map(
    ([, name = '', optional = '', type = '']) => ({ name, required: optional === '', type: type.replace(/\[\]$/, '') }),
  );
}

const models = {
  secrets: await modelsOf('secrets'),
  keys: await modelsOf('keys'),
  certificates: await modelsOf('certificates'),
};

/** Members that the published shape of certificates leaves out, but recordings of the service (azure-sdk-for-js) have. */
const unpublished: Readonly<Record<Collection, RegExp>> = {
  secrets: /^$/,
  keys: /^$/,
  certificates:
    /(^\.org_details\.zip|^\.pending(\.id)?|^\.value\[\d+\]\.subject|\.x509_props\.basic_constraints(\.ca)?)$/,
};

/** The differences of an answer from a model: unknown members, and missing required ones. */
export function differences(collection: Collection, model: string, answer: unknown): readonly string[] {
  const { deserializers, interfaces } = models[collection];
  const name = `${model.replace(/^_?./, (start) => start.toLowerCase())}Deserializer`;
  const deserialize = deserializers.get(name);
  assert.ok(isDeserializer(deserialize), `there is no ${name} for ${collection}`);
  assert.ok(interfaces.has(model), `there is no ${model} for ${collection}`);
  const unread = new Set<string>();
  const read = deserialize(watched(answer, '', unread));
  // Members that are passed on unchanged, like tags, are read here.
  JSON.stringify(read);
  const unknown = [...unread].filter((path) => !unpublished[collection].test(path));
  return [...unknown.map((path) => `${path} is unknown`), ...missing(read, { type: model, path: '' }, interfaces)];
}

function isDeserializer(found: unknown): found is Deserializer {
  return typeof found === 'function';
}

/** The same JSON, which removes each member that is read from `unread`. */
function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item, index) => watched(item, `${path}[${index}]`, unread));
  if (typeof value !== 'object' || value === null) return value;
  const inside = Object.entries(value).map(([name, member]) => {
    unread.add(`${path}.${name}`);
    return [name, watched(member, `${path}.${name}`, unread)];
  });
  return new Proxy(Object.fromEntries(inside), {
    get(target, name) {
      unread.delete(`${path}.${String(name)}`);
      const found: unknown = Reflect.get(target, name);
      return found;
    },
  });
}

/** The required members of an interface, at any depth, that this value does not have. */
function missing(
  value: unknown,
  { type, path }: { readonly type: string; readonly path: string },
  interfaces: Models['interfaces'],
): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item, at) => missing(item, { type, path: `${path}[${at}]` }, interfaces));
  const members = new Map(Object.entries(value ?? {}));
  return (interfaces.get(type) ?? []).flatMap((member) => {
    const found: unknown = members.get(member.name);
    const at = `${path}.${member.name}`;
    if (found === undefined || found === null) return member.required ? [`${at} is missing`] : [];
    return missing(found, { type: member.type, path: at }, interfaces);
  });
}

/** By operation, the model of its answer; `undefined` if the answer is empty or always an error. */
export const answerModels: Readonly<Record<string, string | undefined>> = {
  SecretSet: 'SecretBundle',
  SecretGet: 'SecretBundle',
  SecretUpdate: 'SecretBundle',
  SecretDelete: 'DeletedSecretBundle',
  SecretList: '_SecretListResult',
  SecretListVersions: '_SecretListResult',
  SecretListDeleted: '_DeletedSecretListResult',
  SecretGetDeleted: 'DeletedSecretBundle',
  SecretRecover: 'SecretBundle',
  SecretPurge: undefined,
  SecretBackup: 'BackupSecretResult',
  SecretRestore: 'SecretBundle',
  KeyCreate: 'KeyBundle',
  KeyImport: 'KeyBundle',
  KeyGet: 'KeyBundle',
  KeyUpdate: 'KeyBundle',
  KeyDelete: 'DeletedKeyBundle',
  KeyList: '_KeyListResult',
  KeyListVersions: '_KeyListResult',
  KeyListDeleted: '_DeletedKeyListResult',
  KeyGetDeleted: 'DeletedKeyBundle',
  KeyRecover: 'KeyBundle',
  KeyPurge: undefined,
  KeyBackup: 'BackupKeyResult',
  KeyRestore: 'KeyBundle',
  KeyRotate: 'KeyBundle',
  KeyRotationPolicyGet: 'KeyRotationPolicy',
  KeyRotationPolicySet: 'KeyRotationPolicy',
  KeyEncrypt: 'KeyOperationResult',
  KeyDecrypt: 'KeyOperationResult',
  KeySign: 'KeyOperationResult',
  KeyVerify: 'KeyVerifyResult',
  KeyWrap: 'KeyOperationResult',
  KeyUnwrap: 'KeyOperationResult',
  KeyRelease: undefined,
  KeyGetAttestation: undefined,
  GetRandomBytes: 'RandomBytes',
  CertificateCreate: 'CertificateOperation',
  CertificateImport: 'CertificateBundle',
  CertificateGet: 'CertificateBundle',
  CertificateUpdate: 'CertificateBundle',
  CertificateDelete: 'DeletedCertificateBundle',
  CertificateList: '_CertificateListResult',
  CertificateListVersions: '_CertificateListResult',
  CertificateListDeleted: '_DeletedCertificateListResult',
  CertificateGetDeleted: 'DeletedCertificateBundle',
  CertificateRecover: 'CertificateBundle',
  CertificatePurge: undefined,
  CertificateBackup: 'BackupCertificateResult',
  CertificateRestore: 'CertificateBundle',
  CertificatePolicyGet: 'CertificatePolicy',
  CertificatePolicyUpdate: 'CertificatePolicy',
  CertificatePendingGet: 'CertificateOperation',
  CertificatePendingUpdate: 'CertificateOperation',
  CertificatePendingDelete: 'CertificateOperation',
  CertificatePendingMerge: 'CertificateBundle',
  CertificateContactsGet: 'Contacts',
  CertificateContactsSet: 'Contacts',
  CertificateContactsDelete: 'Contacts',
  CertificateIssuersList: '_CertificateIssuerListResult',
  CertificateIssuerGet: 'IssuerBundle',
  CertificateIssuerSet: 'IssuerBundle',
  CertificateIssuerUpdate: 'IssuerBundle',
  CertificateIssuerDelete: 'IssuerBundle',
};
