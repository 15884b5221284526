import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { AuditRecord } from '../../src/audit/event.ts';
import { operations } from '../../src/data-plane/operations.ts';
import type { Collection } from '../../src/types/collection.ts';
import type { Permission } from '../../src/types/operation.ts';
import { lastRecordIn } from '../audit/log-lines.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import {
  accessDenied,
  acls,
  callerLine,
  errorBody,
  location,
  networks,
  putVault,
  recordsWhere,
  register,
} from './vaults.ts';
import type { PolicyHolder, Registered } from './vaults.ts';
import { certificateLists, certificateRows, certificateSetUp, certificateSetUpElsewhere } from './rows/certificates.ts';
import { keyLists, keyRows, keySetUp, keySetUpElsewhere } from './rows/keys.ts';
import { isMadeElsewhere } from './rows/row.ts';
import type { Row } from './rows/row.ts';
import { answerModels, differences } from './shapes.ts';
import { secretLists, secretRows, secretSetUp, secretSetUpElsewhere } from './rows/secrets.ts';

const collections: readonly Collection[] = ['secrets', 'keys', 'certificates'];
const vault = 'kv-table';
const otherVault = 'kv-elsewhere';

/** A row for every operation. */
const table: Readonly<Record<string, Row>> = { ...secretRows, ...keyRows, ...certificateRows };

let world: TestServer;
/** By permission: a caller that has it and no other, and one that has all others. */
const only = new Map<string, Registered>();
const allBut = new Map<string, Registered>();
/** By operation: the body to send. */
const bodies = new Map<string, unknown>();

before(async () => {
  // The rows are independent. soft-delete.test.ts has what becomes visible with time.
  world = await startServerWith({ config: { softDelete: { transitionMs: 0 } } });
  const every = [...new Set(operations.map(({ permission }) => permission))];
  const policies: PolicyHolder[] = [policyFor(world.client.identity.objectId, every)];
  for (const permission of every) {
    const one = await register(world);
    const others = await register(world);
    only.set(permission, one);
    allBut.set(permission, others);
    policies.push(policyFor(one.objectId, [permission]));
    policies.push(
      policyFor(
        others.objectId,
        every.filter((name) => name !== permission),
      ),
    );
  }
  await putVault(world.client, vault, { networkAcls: acls.deny, policies });
  for (const [method, path, body] of [...secretSetUp, ...keySetUp, ...certificateSetUp]) {
    const { status } = await admin(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status}`);
  }
  await putVault(world.client, otherVault);
  for (const request of [...secretSetUpElsewhere, ...keySetUpElsewhere, ...certificateSetUpElsewhere]) {
    await elsewhere(...request);
  }
  for (const [name, { request }] of Object.entries(table)) {
    const [, , body] = request;
    bodies.set(name, isMadeElsewhere(body) ? await body(elsewhere) : body);
  }
});

async function elsewhere(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await world.client.vault(otherVault, method, path, body === undefined ? {} : { body });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status}`);
  return answer.body;
}

function policyFor(objectId: string, permissions: readonly Permission[]): PolicyHolder {
  const of = (collection: string) =>
    permissions.filter((name) => name.startsWith(`${collection}/`)).map((name) => name.slice(collection.length + 1));
  return { objectId, secrets: of('secrets'), keys: of('keys'), certificates: of('certificates') };
}

after(() => world[Symbol.asyncDispose]());

function admin(method: string, path: string, body?: unknown, from: string = networks.allowed) {
  return world.client.vault(vault, method, path, { from, ...(body !== undefined && { body }) });
}

async function as(callers: ReadonlyMap<string, Registered>, name: string, { request }: Row) {
  const caller = callers.get(permissionOf(name));
  assert.ok(caller);
  const [method, path] = request;
  const body = bodies.get(name);
  const token = await world.client.token('vault', caller);
  const id = randomUUID();
  const answer = await world.client.vault(vault, method, path, {
    token,
    headers: { 'x-ms-client-request-id': id },
    from: networks.allowed,
    ...(body !== undefined && { body }),
  });
  return { caller, answer, id };
}

function permissionOf(operation: string): string {
  return operations.find(({ name }) => name === operation)?.permission ?? '';
}

function collectionOf(operation: string): Collection {
  const found = collections.find((collection) => permissionOf(operation).startsWith(`${collection}/`));
  assert.ok(found !== undefined);
  return found;
}

/** The whole contents of the vault, which a refused request must not change. */
async function contents(): Promise<unknown> {
  const lists = await Promise.all([...secretLists, ...keyLists, ...certificateLists].map((path) => admin('GET', path)));
  return lists.map(({ body }) => body);
}

test('the table has a row for every operation, and nothing else', () => {
  const names = operations.map(({ name }) => name).toSorted();
  assert.deepEqual(names, Object.keys(table).toSorted());
  assert.deepEqual(names, Object.keys(answerModels).toSorted());
});

for (const [name, row] of Object.entries(table)) {
  const [method, path] = row.request;

  suite(name, () => {
    test('refuses wrong input, with a message that says what is wrong', async () => {
      assert.ok(row.wrong.length > 0);
      const unchanged = await contents();
      for (const wrong of row.wrong) {
        const sent = 'body' in wrong ? wrong.body : bodies.get(name);
        const answer = await admin(method, wrong.path ?? path, sent);
        assert.equal(answer.status, 400, JSON.stringify({ wrong, body: answer.body }));
        assert.deepEqual(answer.body, errorBody('BadParameter', wrong.message, wrong.inner));
        assert.deepEqual(differences(collectionOf(name), 'KeyVaultError', answer.body), []);
      }
      assert.deepEqual(await contents(), unchanged);
    });

    test('refuses a caller who has every other permission', async () => {
      const unchanged = await contents();
      const { answer, caller } = await as(allBut, name, row);
      assert.equal(answer.status, 403);
      assert.deepEqual(
        answer.body,
        errorBody('Forbidden', accessDenied(caller, permissionOf(name), vault), 'AccessDenied'),
      );
      assert.deepEqual(await contents(), unchanged);
      const isOfCaller = ({ resultDescription }: AuditRecord) => resultDescription?.includes(caller.objectId) === true;
      const record = lastRecordIn(join(world.folder.path, 'audit'), isOfCaller);
      assert.equal(record?.operationName, name);
    });

    test('refuses a caller from another network', async () => {
      const unchanged = await contents();
      const answer = await admin(method, path, bodies.get(name), networks.refused);
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

    test('works for a caller who has its permission and no other', async () => {
      const { answer, id } = await as(only, name, row);
      assert.equal(answer.status, row.status ?? 200, JSON.stringify(answer.body));
      const model = answer.status < 300 ? answerModels[name] : 'KeyVaultError';
      if (model === undefined) assert.equal(answer.body, undefined);
      else assert.deepEqual(differences(collectionOf(name), model, answer.body), []);
      const [record] = await recordsWhere(world, ({ correlationId }) => correlationId === id);
      assert.equal(record?.operationName, name);
      assert.equal(record.properties.httpStatusCode, answer.status);
    });
  });
}
