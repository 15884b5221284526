import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, items, members, putVault, transitionMs } from './vaults.ts';

let world: TestServer;
let vaults = 0;

before(async () => {
  world = await startServer();
});

after(() => world[Symbol.asyncDispose]());

async function freshVault(): Promise<string> {
  vaults += 1;
  const name = `kv-paging-${vaults}`;
  await putVault(world.client, name, { networkAcls: acls.allow });
  return name;
}

async function set(vault: string, name: string): Promise<string> {
  const answer = await world.client.vault(vault, 'PUT', `/secrets/${name}`, { body: { value: name } });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return String(answer.body['id']);
}

function nextLink(list: Json): string | undefined {
  const { nextLink: link } = members(list);
  assert.ok(link === null || typeof link === 'string');
  return link ?? undefined;
}

/** A page, and its link to the next one. */
async function page(
  url: string,
): Promise<{ readonly ids: readonly string[]; readonly items: readonly Json[]; readonly next: string | undefined }> {
  const answer = await world.client.send(url, { token: await world.client.token('vault') });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const found = items(answer.body);
  return { ids: found.map(({ id }) => String(id)), items: found, next: nextLink(answer.body) };
}

const first = (vault: string, path: string, maxresults: number | undefined) =>
  `${world.client.vaultOrigin(vault)}${path}?api-version=7.4${maxresults === undefined ? '' : `&maxresults=${maxresults}`}`;

async function pages(url: string): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (let next: string | undefined = url; next !== undefined;) {
    const found = await page(next);
    all.push(found.ids);
    next = found.next;
  }
  return all;
}

suite('lists', () => {
  test('have 25 items a page or fewer on request, in the order of their names, and end with nextLink null', async () => {
    const vault = await freshVault();
    const names = Array.from({ length: 51 }, (_, n) => `s${String(n).padStart(2, '0')}`);
    await Promise.all(names.map((name) => set(vault, name)));
    const ids = names.map((name) => `${world.client.vaultOrigin(vault)}/secrets/${name}`);
    const byDefault = await pages(first(vault, '/secrets', undefined));
    assert.deepEqual(byDefault, [ids.slice(0, 25), ids.slice(25, 50), ids.slice(50)]);
    const bySeventeen = await pages(first(vault, '/secrets', 17));
    assert.deepEqual(bySeventeen, [ids.slice(0, 17), ids.slice(17, 34), ids.slice(34)]);
    assert.deepEqual((await pages(first(vault, '/secrets', 1))).flat(), ids);
  });

  test('continue at a nextLink in Azure’s spelling', async () => {
    const vault = await freshVault();
    await Promise.all(['a', 'b'].map((name) => set(vault, name)));
    const { next = '' } = await page(first(vault, '/secrets', 1));
    const token = /^https:\/\/[^?]+\/secrets\?api-version=7\.4&\$skiptoken=([\w-]+)&maxresults=1$/.exec(next)?.[1];
    assert.deepEqual(JSON.parse(Buffer.from(token ?? '', 'base64url').toString()), {
      NextMarker: 'a',
      TargetLocation: 0,
    });
  });

  test('without items are one empty page', async () => {
    const vault = await freshVault();
    for (const path of ['/secrets', '/deletedsecrets', '/secrets/none/versions']) {
      assert.deepEqual(await pages(first(vault, path, undefined)), [[]]);
    }
  });

  test('show the members of a secret except its value', async () => {
    const vault = await freshVault();
    const body = { value: 'hidden', contentType: 't', tags: { a: 'b' }, attributes: { enabled: false, exp: 9 } };
    await world.client.vault(vault, 'PUT', '/secrets/Shown', { body });
    const { items: listed } = await page(first(vault, '/secrets', undefined));
    const origin = world.client.vaultOrigin(vault);
    const [item] = listed;
    assert.deepEqual(item, {
      id: `${origin}/secrets/Shown`,
      contentType: 't',
      attributes: {
        enabled: false,
        exp: 9,
        created: item?.['attributes']?.['created'],
        updated: item?.['attributes']?.['updated'],
        recoveryLevel: 'Recoverable+Purgeable',
        recoverableDays: 90,
      },
      tags: { a: 'b' },
    });
    const deleted = await world.client.vault(vault, 'DELETE', '/secrets/Shown');
    world.advance(transitionMs);
    const gone = await page(first(vault, '/deletedsecrets', undefined));
    assert.deepEqual(gone.items, [
      {
        ...members(item),
        recoveryId: `${origin}/deletedsecrets/Shown`,
        deletedDate: deleted.body['deletedDate'],
        scheduledPurgeDate: deleted.body['scheduledPurgeDate'],
      },
    ]);
    assert.deepEqual((await page(first(vault, '/secrets', undefined))).ids, []);
  });

  test('of versions have each version once, including the current one', async () => {
    const vault = await freshVault();
    const ids: string[] = [];
    for (let n = 0; n < 30; n += 1) ids.push(await set(vault, 'many'));
    for (const maxresults of [undefined, 1, 7, 25]) {
      const listed = await pages(first(vault, '/secrets/MANY/versions', maxresults));
      assert.deepEqual(listed.flat(), ids.toSorted());
      for (const some of listed.slice(0, -1)) assert.equal(some.length, maxresults ?? 25);
    }
  });

  test('walk a secret with many versions once', async () => {
    const vault = await freshVault();
    for (const name of ['a', 'ab', 'a-b', 'A-b', 'ab']) await set(vault, name);
    const names = (await pages(first(vault, '/secrets', 1))).flat().map((id) => id.split('/').at(-1));
    assert.deepEqual(names, ['a', 'a-b', 'ab']);
  });
});
