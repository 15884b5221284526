import { selfSign } from '../../../src/crypto/certificates/issue.ts';
import { writePem } from '../../../src/crypto/certificates/pem.ts';
import type { Collection } from '../../../src/types/collection.ts';
import type { Json } from '../../world/client.ts';
import { ecKey } from '../certificate-files.ts';
import type { ModelVersion, Operation } from './vault-model.ts';

export type Request = readonly [method: string, path: string, body?: unknown];

/** The target of a request: an update has a `version`, and it writes `tag`. */
interface Written {
  readonly name: string;
  readonly tag: string;
  readonly version: string | undefined;
}

/** A certificate that was made elsewhere, and does not expire within these tests. */
const material = ecKey();
const now = Math.floor(Date.now() / 1000);
const signed = await selfSign(material, {
  subject: 'CN=imported',
  ekus: [],
  keyUsage: ['digitalSignature'],
  notBefore: now - 60,
  notAfter: now + 90 * 365 * 86_400,
  serial: Buffer.from('01', 'hex'),
});
if (!signed.ok) throw new Error(signed.refusal.kind);
const pem = writePem({ material, certificates: [signed.value] });

const kept = { secret_props: { contentType: 'application/x-pem-file' }, lifetime_actions: [] };
const policyOf = (issuer: string) => ({
  ...kept,
  issuer: { name: issuer },
  key_props: { kty: 'EC' },
  x509_props: { subject: 'CN=model', validity_months: 1200 },
});

/** How the objects of a collection are made. */
const creations: Readonly<Record<Collection, (written: Written) => Request>> = {
  secrets: ({ name, tag }) => ['PUT', `/secrets/${name}`, { value: `value ${tag}`, tags: { tag } }],
  keys: ({ name, tag }) => ['POST', `/keys/${name}/create`, { kty: 'EC', tags: { tag } }],
  certificates: ({ name, tag }) => [
    'POST',
    `/certificates/${name}/create`,
    { policy: policyOf('Self'), tags: { tag } },
  ],
};

const requests: Readonly<Record<Operation, (collection: Collection, written: Written) => Request>> = {
  create: (collection, written) => creations[collection](written),
  request: (_, { name, tag }) => [
    'POST',
    `/certificates/${name}/create`,
    { policy: policyOf('Unknown'), tags: { tag } },
  ],
  import: (_, { name, tag }) => ['POST', `/certificates/${name}/import`, { value: pem, policy: kept, tags: { tag } }],
  update: (collection, { name, tag, version }) => [
    'PATCH',
    `/${collection}/${name}${version === undefined ? '' : `/${version}`}`,
    { tags: { tag } },
  ],
  delete: (collection, { name }) => ['DELETE', `/${collection}/${name}`],
  recover: (collection, { name }) => ['POST', `/deleted${collection}/${name}/recover`],
  purge: (collection, { name }) => ['DELETE', `/deleted${collection}/${name}`],
  backup: (collection, { name }) => ['POST', `/${collection}/${name}/backup`],
  get: (collection, { name }) => ['GET', `/${collection}/${name}`],
  getDeleted: (collection, { name }) => ['GET', `/deleted${collection}/${name}`],
  cancel: (_, { name }) => ['PATCH', `/certificates/${name}/pending`, { cancellation_requested: true }],
  forget: (_, { name }) => ['DELETE', `/certificates/${name}/pending`],
};

export function requestOf(operation: Operation, collection: Collection, written: Written): Request {
  return requests[operation](collection, written);
}

/** Id and content of the version that an answer shows; an answer may leave out either. */
export function versionIn(collection: Collection, body: Json): Pick<ModelVersion, 'id' | 'content'> {
  const [id, content] = {
    secrets: [body['id'], body['value']],
    keys: [body['key']?.['kid'], body['key']?.['x']],
    certificates: [body['id'], body['x5t']],
  }[collection];
  return { id: text(id)?.split('/').at(-1), content: text(content) };
}

/** The id of an object or of a version, as an item of a list or a bundle has it. */
export function idIn(body: Json): string {
  return String(body['id'] ?? body['kid'] ?? body['key']?.['kid']);
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
