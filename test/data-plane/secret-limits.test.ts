import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, errorBody, putVault } from './vaults.ts';

const vault = 'kv-limits';
const limit = 25 * 1024;
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.allow });
});

after(() => world[Symbol.asyncDispose]());

/** The body of a set, and the message of its refusal; without a message it is accepted. */
interface Case {
  readonly what: string;
  readonly body: object;
  readonly refused?: string;
}

const value = 'v';
const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, 'x']));
const tooLong = (name: string) =>
  `The tag '${name.slice(0, 64)}' is too long; name and value may have 512 characters each.`;

const sizes: readonly Case[] = [
  { what: 'a value of 25 KB', body: { value: 'x'.repeat(limit) } },
  {
    what: 'a value of one byte more',
    body: { value: 'x'.repeat(limit + 1) },
    refused: `The secret's value has ${limit + 1} bytes; at most ${limit} are allowed.`,
  },
  { what: 'a value of 25 KB in characters of two bytes', body: { value: 'ü'.repeat(limit / 2) } },
  {
    what: 'a value of as many bytes and one more character',
    body: { value: `${'ü'.repeat(limit / 2)}x` },
    refused: `The secret's value has ${limit + 1} bytes; at most ${limit} are allowed.`,
  },
  { what: '15 tags', body: { value, tags: tags(15) } },
  { what: '16 tags', body: { value, tags: tags(16) }, refused: 'There are 16 tags; at most 15 are allowed.' },
  {
    what: 'a tag with name and value of 512 characters',
    body: { value, tags: { ['n'.repeat(512)]: 'v'.repeat(512) } },
  },
  {
    what: 'a tag with a name of 513 characters',
    body: { value, tags: { ['n'.repeat(513)]: '' } },
    refused: tooLong('n'.repeat(64)),
  },
  {
    what: 'a tag with a value of 513 characters',
    body: { value, tags: { t: 'v'.repeat(513) } },
    refused: tooLong('t'),
  },
  { what: 'a contentType of 255 characters', body: { value, contentType: 'c'.repeat(255) } },
  {
    what: 'a contentType of 256 characters',
    body: { value, contentType: 'c'.repeat(256) },
    refused: 'contentType has 256 characters; at most 255 are allowed.',
  },
  { what: 'exp at nbf', body: { value, attributes: { nbf: 5, exp: 5 } } },
  {
    what: 'exp before nbf',
    body: { value, attributes: { nbf: 5, exp: 4 } },
    refused: 'attributes.exp (4) is before attributes.nbf (5).',
  },
];

const types: readonly Case[] = [
  { what: 'a number as value', body: { value: 1 }, refused: 'value must be a string.' },
  { what: 'null as value', body: { value: null }, refused: 'The member value is missing.' },
  { what: 'a number as contentType', body: { value, contentType: 1 }, refused: 'contentType must be a string.' },
  { what: 'tags in a list', body: { value, tags: ['a'] }, refused: 'tags must be an object of strings.' },
  { what: 'a number in a tag', body: { value, tags: { a: 1 } }, refused: 'tags must be an object of strings.' },
  { what: 'attributes in a list', body: { value, attributes: [] }, refused: 'attributes must be an object.' },
  {
    what: 'a string as enabled',
    body: { value, attributes: { enabled: 'false' } },
    refused: 'attributes.enabled must be true or false.',
  },
  {
    what: 'half a second as nbf',
    body: { value, attributes: { nbf: 1.5 } },
    refused: 'attributes.nbf must be a whole number of seconds since 1970.',
  },
  {
    what: 'a date as exp',
    body: { value, attributes: { exp: '2030-01-01' } },
    refused: 'attributes.exp must be a whole number of seconds since 1970.',
  },
  { what: 'an unknown member', body: { value, kid: 'x' }, refused: "The member 'kid' is not supported here." },
  {
    what: 'an unknown attribute',
    body: { value, attributes: { exportable: true } },
    refused: "The member 'attributes.exportable' is not supported here.",
  },
  { what: 'attributes that only the server sets', body: { value, attributes: { created: 1, recoveryLevel: 'x' } } },
];

for (const [index, { what, body, refused }] of [...sizes, ...types].entries()) {
  test(`${what} ${refused === undefined ? 'is accepted' : 'is refused, and nothing is stored'}`, async () => {
    const path = `/secrets/case-${index}`;
    const answer = await world.client.vault(vault, 'PUT', path, { body });
    const stored = await world.client.vault(vault, 'GET', path);
    if (refused === undefined) {
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.deepEqual(stored.body, answer.body);
    } else {
      assert.equal(answer.status, 400);
      assert.deepEqual(answer.body, errorBody('BadParameter', refused));
      assert.equal(stored.status, 404);
    }
  });
}

suite('the same limits hold for an update', () => {
  for (const { what, body, refused } of [...sizes, ...types]) {
    const { value: given, ...changes }: Readonly<Record<string, unknown>> = { value: undefined, ...body };
    if (refused === undefined || given !== value) continue;
    test(`${what} is refused`, async () => {
      await world.client.vault(vault, 'PUT', '/secrets/updated', { body: { value } });
      const answer = await world.client.vault(vault, 'PATCH', '/secrets/updated', { body: changes });
      assert.equal(answer.status, 400);
      assert.deepEqual(answer.body, errorBody('BadParameter', refused));
    });
  }

  test('an exp before the nbf of the secret is refused', async () => {
    const body = { value, attributes: { nbf: 100 } };
    await world.client.vault(vault, 'PUT', '/secrets/merged', { body });
    const answer = await world.client.vault(vault, 'PATCH', '/secrets/merged', { body: { attributes: { exp: 99 } } });
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body, errorBody('BadParameter', 'attributes.exp (99) is before attributes.nbf (100).'));
  });
});

suite('names', () => {
  for (const name of ['a', '0', '-', 'A-1', 'x'.repeat(127), 'constructor', 'versions']) {
    test(`${name.slice(0, 16)} (${name.length}) is valid`, async () => {
      const set = await world.client.vault(vault, 'PUT', `/secrets/${name}`, { body: { value: name } });
      assert.equal(set.status, 200, JSON.stringify(set.body));
      const got = await world.client.vault(vault, 'GET', `/secrets/${name}`);
      assert.equal(got.body['value'], name);
    });
  }

  for (const name of ['x'.repeat(128), 'a_b', 'a.b', 'a%20b', '%C3%A9', 'a%3Fb', '__proto__', '..a']) {
    test(`${name.slice(0, 16)} (${name.length}) is not valid`, async () => {
      const answer = await world.client.vault(vault, 'PUT', `/secrets/${name}`, { body: { value } });
      assert.equal(answer.status, 400);
      const shown = decodeURIComponent(name);
      assert.deepEqual(answer.body, errorBody('BadParameter', `The request URI contains an invalid name: ${shown}`));
    });
  }
});
