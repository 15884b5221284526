import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client, Json } from '../world/client.ts';
import { pagesOnce } from '../world/paged-list.ts';
import type { Listing, PagedList } from '../world/paged-list.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { expectStatus, location, vaultBody } from './resources.ts';

const provider = '/providers/Microsoft.KeyVault';
let world: TestServer;
let lists = 0;

before(async () => {
  world = await startServer();
});

after(() => world[Symbol.asyncDispose]());

/** A new group. Vault names are globally unique, so they contain the number of the list. */
async function freshGroup() {
  lists += 1;
  const { client } = world;
  const [group, mark] = [`/resourceGroups/rg-${lists}`, `v${lists}-`];
  expectStatus(await client.arm('PUT', group, { location }), 201);
  const vault = (name: string) => `${group}${provider}/vaults/${mark}${name}`;
  return {
    client,
    group,
    nameOf: (name: string) => `${mark}${name}`,
    create: async (name: string, properties: object = {}) =>
      expectStatus(await client.arm('PUT', vault(name), vaultBody(client, properties)), 200),
    remove: async (name: string) => expectStatus(await client.arm('DELETE', vault(name)), 200),
    purge: async (name: string) =>
      expectStatus(
        await client.arm('POST', `${provider}/locations/${location}/deletedVaults/${mark}${name}/purge`),
        202,
      ),
  };
}

function firstOf({ home, identity }: Client, path: string): PagedList['first'] {
  const url = `${home}/subscriptions/${identity.subscriptionId}${path}?api-version=2023-07-01`;
  return (limit) => `${url}${limit === undefined ? '' : `&$top=${limit}`}`;
}

const itemId = (item: Json) => String(item['name']);

async function ofGroup(): Promise<PagedList> {
  const { client, group, nameOf, create, remove, purge } = await freshGroup();
  return {
    first: firstOf(client, `${group}${provider}/vaults`),
    itemId,
    async add(name) {
      await create(name);
      return nameOf(name);
    },
    async renew(name) {
      await create(name);
    },
    async remove(name) {
      await remove(name);
      await purge(name);
    },
  };
}

/** The list of deleted vaults of the subscription; some vaults leave it by recovery and some by a purge. */
async function ofDeleted(): Promise<PagedList> {
  await purgeAll();
  const { client, nameOf, create, remove, purge } = await freshGroup();
  const live = new Set<string>();
  return {
    first: firstOf(client, `${provider}/deletedVaults`),
    itemId,
    async add(name) {
      if (!live.delete(name.toLowerCase())) await create(name);
      await remove(name);
      return nameOf(name);
    },
    async remove(name) {
      const isRecovered = name.length % 2 === 0;
      if (isRecovered) live.add(name);
      await (isRecovered ? create(name, { createMode: 'recover' }) : purge(name));
    },
  };
}

async function purgeAll(): Promise<void> {
  const { body } = await world.client.arm('GET', `${provider}/deletedVaults`);
  for (const vault of Object.values<Json>(body['value'] ?? {})) {
    const path = `${provider}/locations/${location}/deletedVaults/${itemId(vault)}/purge`;
    expectStatus(await world.client.arm('POST', path), 202);
  }
}

suite('a list that is paged during changes neither repeats nor skips a vault that exists all the time', () => {
  for (const [what, open] of Object.entries({ 'of the vaults of a group': ofGroup, 'of deleted vaults': ofDeleted })) {
    test(what, async () => {
      const name = fc.stringMatching(/^[a-cA-C0-9]{1,4}$/);
      const listing: Listing = { client: world.client, resource: 'arm', usual: 1000, last: undefined, name };
      await fc.assert(pagesOnce(listing, open), { numRuns: 15 });
    });
  }
});
