import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { selfSign } from '../../src/crypto/certificates/issue.ts';
import { writePem } from '../../src/crypto/certificates/pem.ts';
import type { Collection } from '../../src/types/collection.ts';
import type { Json } from '../world/client.ts';
import { pagesOnce } from '../world/paged-list.ts';
import type { Listing, PagedList } from '../world/paged-list.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { ecKey } from './certificate-files.ts';
import { acls, putVault } from './vaults.ts';

let world: TestServer;
let vaults = 0;
let pem = '';

before(async () => {
  world = await startServerWith({ config: { softDelete: { transitionMs: 0 } } });
  const material = ecKey();
  const now = Math.floor(world.now() / 1000);
  const signed = await selfSign(material, {
    subject: 'CN=paged',
    ekus: [],
    keyUsage: ['digitalSignature'],
    notBefore: now - 60,
    notAfter: now + 86_400,
    serial: Buffer.from('01', 'hex'),
  });
  assert.ok(signed.ok);
  pem = writePem({ material, certificates: [signed.value] });
});

after(() => world[Symbol.asyncDispose]());

type Send = (method: string, path: string, body?: unknown) => Promise<Json>;

/** A vault of its own that allows every request. */
async function freshVault(): Promise<{ readonly send: Send; readonly origin: string }> {
  vaults += 1;
  const vault = `kv-paging-${vaults}`;
  await putVault(world.client, vault, { networkAcls: acls.allow });
  const origin = world.client.vaultOrigin(vault);
  const send: Send = async (method, path, body) => {
    const answer = await world.client.vault(vault, method, path, body === undefined ? {} : { body });
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return { send, origin };
}

const creations: Readonly<Record<Collection, (name: string) => readonly [string, string, unknown]>> = {
  secrets: (name) => ['PUT', `/secrets/${name}`, { value: 'v' }],
  keys: (name) => ['POST', `/keys/${name}/create`, { kty: 'EC' }],
  certificates: (name) => ['POST', `/certificates/${name}/import`, { value: pem }],
};

const itemId = (item: Json) =>
  String(item['id'] ?? item['kid'])
    .split('/')
    .at(-1) ?? '';

function firstOf(origin: string, path: string): PagedList['first'] {
  const query = path.includes('?') ? '&' : '?';
  return (limit) => `${origin}${path}${query}api-version=7.4${limit === undefined ? '' : `&maxresults=${limit}`}`;
}

/** A list, and how its items enter and leave it. */
type ListKind = (collection: Collection) => Promise<PagedList>;

const ofNames: ListKind = async (collection) => {
  const { send, origin } = await freshVault();
  return {
    first: firstOf(origin, `/${collection}`),
    itemId,
    async add(name) {
      await send(...creations[collection](name));
      return name;
    },
    async renew(name) {
      await send(...creations[collection](name));
    },
    async remove(name) {
      await send('DELETE', `/${collection}/${name}`);
      await send('DELETE', `/deleted${collection}/${name}`);
    },
  };
};

/** Deleted objects, of which some are recovered and some are purged. */
const ofDeleted: ListKind = async (collection) => {
  const { send, origin } = await freshVault();
  const live = new Set<string>();
  return {
    first: firstOf(origin, `/deleted${collection}`),
    itemId,
    async add(name) {
      if (!live.delete(name.toLowerCase())) await send(...creations[collection](name));
      await send('DELETE', `/${collection}/${name}`);
      return name;
    },
    async remove(name) {
      const isRecovered = name.length % 2 === 0;
      if (isRecovered) live.add(name);
      await (isRecovered
        ? send('POST', `/deleted${collection}/${name}/recover`)
        : send('DELETE', `/deleted${collection}/${name}`));
    },
  };
};

const versionId = (bundle: Json) => itemId(bundle['key'] ?? bundle);

/** The versions of one object. A version never goes away, so the object is deleted and recovered instead. */
const ofVersions: ListKind = async (collection) => {
  const { send, origin } = await freshVault();
  return {
    first: firstOf(origin, `/${collection}/Paged/versions`),
    itemId,
    add: async () => versionId(await send(...creations[collection]('paged'))),
    async remove() {
      await send('DELETE', `/${collection}/paged`);
      await send('POST', `/deleted${collection}/paged/recover`);
    },
  };
};

/** Certificates, and among them some that are not issued, which are listed only on request. */
const withPending = (includePending: boolean) => async (): Promise<PagedList> => {
  const { send, origin } = await freshVault();
  const policy = { x509_props: { subject: 'CN=a' }, key_props: { kty: 'EC' }, issuer: { name: 'Unknown' } };
  const asked = (name: string) => send('POST', `/certificates/${name}/create`, { policy });
  return {
    first: firstOf(origin, `/certificates?includePending=${includePending}`),
    itemId,
    hides: !includePending,
    async add(name) {
      if (includePending) await asked(name);
      else {
        await send(...creations.certificates(name));
        await asked(`${name}z`);
      }
      return name;
    },
    async remove(name) {
      for (const one of includePending ? [name] : [name, `${name}z`]) {
        await send('DELETE', `/certificates/${one}`);
        await send('DELETE', `/deletedcertificates/${one}`);
      }
    },
  };
};

async function ofIssuers(): Promise<PagedList> {
  const { send, origin } = await freshVault();
  return {
    first: firstOf(origin, '/certificates/issuers'),
    itemId,
    async add(name) {
      await send('PUT', `/certificates/issuers/${name}`, { provider: 'Test' });
      return name;
    },
    async remove(name) {
      await send('DELETE', `/certificates/issuers/${name}`);
    },
  };
}

const lists: Readonly<Record<string, () => Promise<PagedList>>> = {
  ...Object.fromEntries(
    (['secrets', 'keys', 'certificates'] as const).flatMap((collection) => [
      [`of the names of ${collection}`, () => ofNames(collection)],
      [`of deleted ${collection}`, () => ofDeleted(collection)],
      [`of the versions of one of the ${collection}`, () => ofVersions(collection)],
    ]),
  ),
  'of certificates, pending ones among them': withPending(true),
  'of certificates between pending ones': withPending(false),
  'of issuers': ofIssuers,
};

suite('a list that is paged while the vault changes neither repeats nor skips the objects that stay', () => {
  for (const [what, open] of Object.entries(lists)) {
    test(what, async () => {
      const name = fc.stringMatching(/^[a-cA-C-]{1,4}$/);
      const listing: Listing = { client: world.client, resource: 'vault', usual: 25, last: null, name };
      await fc.assert(pagesOnce(listing, open), { numRuns: 15 });
    });
  }
});
