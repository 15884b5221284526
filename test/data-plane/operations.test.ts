import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { operations } from '../../src/data-plane/operations.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import {
  accessDenied,
  acls,
  auditRecords,
  callerLine,
  errorBody,
  location,
  networks,
  putVault,
  register,
} from './vaults.ts';
import type { Registered } from './vaults.ts';

const vault = 'kv-table';

/** One operation: how it is asked for, what must not be asked of it, and which permissions do not suffice. */
interface Row {
  readonly request: readonly [method: string, path: string, body?: unknown];
  readonly permission: string;
  readonly wrong: readonly Wrong[];
}

interface Wrong {
  readonly path?: string;
  readonly body?: unknown;
  /** Of a 400 `BadParameter`. */
  readonly message: string;
}

const nameRule = 'A name has 1 to 127 letters, digits and hyphens.';
const wrongName = (path: (name: string) => string): Wrong => ({
  path: path('under_score'),
  message: `The request URI contains an invalid name: under_score. ${nameRule}`,
});
const wrongPages = (path: string): readonly Wrong[] => [
  ...['0', '26', '-1', '1.5', '1e1', '', 'all'].map((found) => ({
    path: `${path}?maxresults=${found}`,
    message: `maxresults is '${found}'; it must be a whole number from 1 to 25.`,
  })),
  ...[
    '',
    'AAAA',
    skipToken({ NextMarker: '' }),
    skipToken({ NextMarker: 'ü' }),
    skipToken({ NextMarker: 7 }),
    skipToken(null),
  ].map((found) => ({
    path: `${path}?$skiptoken=${encodeURIComponent(found)}`,
    message: '$skiptoken is not one that this vault gave out; follow nextLink as it is.',
  })),
];
const wrongBodies: readonly Wrong[] = [
  { body: '{"value":"v"', message: 'The request body is not valid JSON.' },
  { body: '["v"]', message: 'The request body must be a JSON object.' },
  { body: '"v"', message: 'The request body must be a JSON object.' },
  { body: undefined, message: 'The request body must be a JSON object.' },
];

function skipToken(content: unknown): string {
  return Buffer.from(JSON.stringify(content)).toString('base64');
}

const table: Readonly<Record<string, Row>> = {
  SecretSet: {
    request: ['PUT', '/secrets/new', { value: 'v' }],
    permission: 'set',
    wrong: [
      wrongName((name) => `/secrets/${name}`),
      ...wrongBodies,
      { body: {}, message: 'The member value is missing.' },
    ],
  },
  SecretGet: {
    request: ['GET', '/secrets/there'],
    permission: 'get',
    wrong: [
      wrongName((name) => `/secrets/${name}`),
      {
        path: '/secrets/there?outContentType=application/x-pem-file',
        message: 'outContentType is not supported; leave it out, and the secret comes as it was stored.',
      },
    ],
  },
  SecretUpdate: {
    request: ['PATCH', '/secrets/there', { tags: {} }],
    permission: 'set',
    wrong: [
      wrongName((name) => `/secrets/${name}`),
      ...wrongBodies,
      {
        body: { value: 'other' },
        message: 'An update cannot change the value; set the secret to add a version with another one.',
      },
    ],
  },
  SecretDelete: {
    request: ['DELETE', '/secrets/doomed'],
    permission: 'delete',
    wrong: [wrongName((name) => `/secrets/${name}`)],
  },
  SecretList: {
    request: ['GET', '/secrets'],
    permission: 'list',
    wrong: [
      ...wrongPages('/secrets'),
      {
        path: '/secrets?maxresults=5&maxresults=5',
        message: "The query parameter 'maxresults' is given more than once.",
      },
    ],
  },
  SecretListVersions: {
    request: ['GET', '/secrets/there/versions'],
    permission: 'list',
    wrong: [wrongName((name) => `/secrets/${name}/versions`), ...wrongPages('/secrets/there/versions')],
  },
  SecretListDeleted: { request: ['GET', '/deletedsecrets'], permission: 'list', wrong: wrongPages('/deletedsecrets') },
  SecretGetDeleted: {
    request: ['GET', '/deletedsecrets/deleted-1'],
    permission: 'get',
    wrong: [wrongName((name) => `/deletedsecrets/${name}`)],
  },
  SecretRecover: {
    request: ['POST', '/deletedsecrets/deleted-1/recover'],
    permission: 'recover',
    wrong: [wrongName((name) => `/deletedsecrets/${name}/recover`)],
  },
  SecretPurge: {
    request: ['DELETE', '/deletedsecrets/deleted-2'],
    permission: 'purge',
    wrong: [wrongName((name) => `/deletedsecrets/${name}`)],
  },
};

const everyPermission = ['get', 'list', 'set', 'delete', 'recover', 'backup', 'restore', 'purge'];

let world: TestServer;
/** By permission: a caller that has it and no other, and one that has all others. */
const only = new Map<string, Registered>();
const allBut = new Map<string, Registered>();

before(async () => {
  world = await startServer();
  const policies = [{ objectId: world.client.identity.objectId, secrets: ['all'] }];
  for (const permission of new Set(Object.values(table).map((row) => row.permission))) {
    const one = await register(world);
    const others = await register(world);
    only.set(permission, one);
    allBut.set(permission, others);
    policies.push({ objectId: one.objectId, secrets: [permission] });
    policies.push({ objectId: others.objectId, secrets: everyPermission.filter((name) => name !== permission) });
  }
  await putVault(world.client, vault, { networkAcls: acls.deny, policies });
  for (const name of ['there', 'doomed', 'deleted-1', 'deleted-2'])
    await admin('PUT', `/secrets/${name}`, { value: 'v' });
  for (const name of ['deleted-1', 'deleted-2']) await admin('DELETE', `/secrets/${name}`);
});

after(() => world[Symbol.asyncDispose]());

function admin(method: string, path: string, body?: unknown, from: string = networks.allowed) {
  return world.client.vault(vault, method, path, { from, ...(body !== undefined && { body }) });
}

async function as(callers: ReadonlyMap<string, Registered>, { request, permission }: Row) {
  const caller = callers.get(permission);
  assert.ok(caller);
  const [method, path, body] = request;
  const token = await world.client.token('vault', caller);
  const answer = await world.client.vault(vault, method, path, {
    token,
    from: networks.allowed,
    ...(body !== undefined && { body }),
  });
  return { caller, answer };
}

/** All that stands in the vault: what a refused request must not change. */
async function contents(): Promise<unknown> {
  const lists = await Promise.all(
    ['/secrets', '/deletedsecrets', '/secrets/there/versions'].map((path) => admin('GET', path)),
  );
  return lists.map(({ body }) => body);
}

test('the table has a row for every operation, and nothing else', () => {
  assert.deepEqual(operations.map(({ name }) => name).toSorted(), Object.keys(table).toSorted());
  for (const { name, permission } of operations) assert.equal(permission, `secrets/${table[name]?.permission}`, name);
});

for (const [name, row] of Object.entries(table)) {
  const [method, path, body] = row.request;

  suite(name, () => {
    test('refuses wrong input, with a text that says what is wrong', async () => {
      assert.ok(row.wrong.length > 0);
      const unchanged = await contents();
      for (const wrong of row.wrong) {
        const sent = 'body' in wrong ? wrong.body : body;
        const answer = await admin(method, wrong.path ?? path, sent);
        assert.equal(answer.status, 400, JSON.stringify({ wrong, body: answer.body }));
        assert.deepEqual(answer.body, errorBody('BadParameter', wrong.message));
      }
      assert.deepEqual(await contents(), unchanged);
    });

    test('refuses a caller who has every other permission', async () => {
      const unchanged = await contents();
      const { answer, caller } = await as(allBut, row);
      assert.equal(answer.status, 403);
      assert.deepEqual(
        answer.body,
        errorBody('Forbidden', accessDenied(caller, row.permission, vault), 'AccessDenied'),
      );
      assert.deepEqual(await contents(), unchanged);
      const record = auditRecords(world).findLast(({ resultDescription }) =>
        resultDescription?.includes(caller.objectId),
      );
      assert.equal(record?.operationName, name);
    });

    test('refuses a caller from another network', async () => {
      const unchanged = await contents();
      const answer = await admin(method, path, body, networks.refused);
      assert.equal(answer.status, 403);
      assert.deepEqual(
        answer.body,
        errorBody(
          'Forbidden',
          'Client address is not authorized and caller was ignored because bypass is set to None\r\n' +
            `Client address: 203.0.113.8\r\nCaller: ${callerLine(world.client.identity)}\r\nVault: ${vault};location=${location}`,
          'ForbiddenByFirewall',
        ),
      );
      assert.deepEqual(await contents(), unchanged);
    });

    test('is done for a caller who has its permission and no other', async () => {
      const { answer } = await as(only, row);
      assert.equal(answer.status, name === 'SecretPurge' ? 204 : 200, JSON.stringify(answer.body));
    });
  });
}
