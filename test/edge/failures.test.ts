import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable, Unreadable } from '../../src/store/store.ts';
import { at } from '../control-plane/resources.ts';
import { putVault, vaultPath } from '../data-plane/vaults.ts';
import type { Answered, Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { Breakable } from './breakable.ts';
import type { Failure } from './breakable.ts';

/** The meaning of a failure to a client, which is the same at every edge. */
type Meaning = 'internal' | 'unavailable' | 'unreachable' | 'unknown' | 'conflict';

interface Meant {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly says?: RegExp;
}

const meanings = {
  internal: { status: 500, retryAfter: undefined },
  unavailable: { status: 503, retryAfter: '5' },
  unreachable: { status: 503, retryAfter: '5', says: /database of this service cannot be reached, or cannot prove/ },
  unknown: { status: 503, retryAfter: '5', says: /it may have happened, or not/ },
  conflict: { status: 409, retryAfter: undefined },
} as const satisfies Readonly<Record<Meaning, Meant>>;

interface Edge {
  /** The error code that tells this edge's clients the meaning. */
  readonly codes: Readonly<Record<Exclude<Meaning, 'unreachable' | 'unknown'>, string>>;
  readonly codeOf: (body: Json) => unknown;
}

const codeOfError = (body: Json) => at(body, 'error', 'code');

const edges = {
  'data plane': {
    codes: { internal: 'InternalError', unavailable: 'ServiceUnavailable', conflict: 'Conflict' },
    codeOf: codeOfError,
  },
  'resource manager': {
    codes: { internal: 'InternalServerError', unavailable: 'ServiceUnavailable', conflict: 'ConflictError' },
    codeOf: codeOfError,
  },
  Graph: {
    codes: { internal: 'InternalServerError', unavailable: 'ServiceUnavailable', conflict: 'Request_Conflict' },
    codeOf: codeOfError,
  },
  authority: {
    // No request to it changes a record, so there are no conflicts.
    codes: { internal: 'server_error', unavailable: 'temporarily_unavailable', conflict: 'temporarily_unavailable' },
    codeOf: (body: Json) => body['error'],
  },
} as const satisfies Readonly<Record<string, Edge>>;

const failures = {
  'a read fails': { part: 'read', error: new Error('disk I/O error'), meaning: 'internal' },
  'a record that is read is damaged': { part: 'read', error: new Unreadable('damaged'), meaning: 'unavailable' },
  'the store cannot be asked': {
    part: 'read',
    error: new Unavailable('the way to the database is cut'),
    meaning: 'unreachable',
  },
  'the store cannot be asked at the commit': {
    part: 'commit',
    error: new Unavailable('the way to the database is cut'),
    meaning: 'unreachable',
  },
  'the store is lost during the commit': {
    part: 'commit',
    error: new Unavailable('the answer of the database is lost', { mayHaveHappened: true }),
    meaning: 'unknown',
  },
  'what a read requires has changed': { part: 'read', error: 'conflict', meaning: 'conflict' },
  'the disk is full at the commit': {
    part: 'commit',
    error: new Error('database or disk is full'),
    meaning: 'unavailable',
  },
  'a record is damaged at the commit': { part: 'commit', error: new Unreadable('damaged'), meaning: 'unavailable' },
  'what a commit requires has changed': { part: 'commit', error: 'conflict', meaning: 'conflict' },
  'the audit log cannot be written': {
    part: 'log',
    error: new Error('ENOSPC: no space left on device, write'),
    meaning: 'unavailable',
  },
} as const satisfies Readonly<Record<string, Omit<Failure, 'times'> & { readonly meaning: Meaning }>>;

type FailureName = keyof typeof failures;

const failureNames = Object.keys(failures) as readonly FailureName[];

interface RequestRow {
  readonly edge: keyof typeof edges;
  readonly what: string;
  readonly send: () => Promise<Answered>;
  /** Its status while nothing fails. */
  readonly well: number;
  /** All failures that stop it. */
  readonly stoppedBy: readonly FailureName[];
  /** The state that it changes, read by another request. */
  readonly state?: () => Promise<unknown>;
}

const secret = 'a value that nobody is told';
const breakable = new Breakable();
let world: TestServer;
let log: Disposable;
let groupId = '';
let count = 0;

before(async () => {
  world = await startServerWith({ wrapStore: (store) => breakable.store(store) });
  log = breakable.log(join(world.folder.path, 'audit'));
  await putVault(world.client, 'kv-failing');
  for (const name of ['read', 'changed']) {
    assert.equal((await vault('PUT', `/secrets/${name}`, { value: secret })).status, 200);
  }
  assert.equal((await vault('POST', '/keys/key/create', { kty: 'EC' })).status, 200);
  const group = { displayName: 'group', mailEnabled: false, mailNickname: 'group', securityEnabled: true };
  groupId = String((await graph('POST', '/groups', group)).body['id']);
});

after(async () => {
  log[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

function vault(method: string, path: string, body?: unknown): Promise<Answered> {
  return world.client.vault('kv-failing', method, path, { body });
}

async function graph(method: string, path: string, body?: unknown): Promise<Answered> {
  const { client } = world;
  return client.send(`${client.home}/v1.0${path}`, { method, body, token: await client.token('arm') });
}

function signIn(clientSecret = world.client.identity.clientSecret): Promise<Answered> {
  const { home, identity, send } = world.client;
  const { tenantId, clientId } = identity;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  return send(`${home}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...form, scope: `${home}/.default` }).toString(),
  });
}

const digest = Buffer.alloc(32, 1).toString('base64url');
const next = () => `${(count += 1)}`;

const notRead = ['a read fails', 'a record that is read is damaged', 'the store cannot be asked'] as const;
const notReadOnRecord = [...notRead, 'what a read requires has changed', 'the audit log cannot be written'] as const;
const notCommitted = [
  'the disk is full at the commit',
  'a record is damaged at the commit',
  'the store cannot be asked at the commit',
  'the store is lost during the commit',
  'what a commit requires has changed',
] as const;

const requests: readonly RequestRow[] = [
  {
    edge: 'data plane',
    what: 'a read',
    send: () => vault('GET', '/secrets/read'),
    well: 200,
    stoppedBy: notReadOnRecord,
  },
  {
    edge: 'data plane',
    what: 'a list',
    send: () => vault('GET', '/secrets'),
    well: 200,
    stoppedBy: notReadOnRecord,
  },
  {
    edge: 'data plane',
    what: 'a change',
    send: () => vault('PUT', '/secrets/changed', { value: `${secret} ${next()}` }),
    well: 200,
    stoppedBy: failureNames,
    state: async () => (await vault('GET', '/secrets/changed')).body['id'],
  },
  {
    edge: 'data plane',
    what: 'a signature',
    send: () => vault('POST', '/keys/key/sign', { alg: 'ES256', value: digest }),
    well: 200,
    stoppedBy: notReadOnRecord,
  },
  {
    edge: 'data plane',
    what: 'a request without a token',
    send: () => world.client.vault('kv-failing', 'GET', '/secrets/read', { token: undefined }),
    well: 401,
    // The rules of the vault are in memory, and a 401 does not depend on them.
    stoppedBy: ['the audit log cannot be written'],
  },
  {
    edge: 'data plane',
    what: 'a vault that is looked up',
    send: () => world.client.vault('kv-nowhere', 'GET', '/secrets/read'),
    well: 404,
    stoppedBy: [...notRead, 'the audit log cannot be written'],
  },
  {
    edge: 'resource manager',
    what: 'a read',
    send: () => world.client.arm('GET', vaultPath('kv-failing')),
    well: 200,
    stoppedBy: notReadOnRecord,
  },
  {
    edge: 'resource manager',
    what: 'a list',
    send: () => world.client.arm('GET', '/resourceGroups/rg/providers/Microsoft.KeyVault/vaults'),
    well: 200,
    stoppedBy: notReadOnRecord,
  },
  {
    edge: 'resource manager',
    what: 'a change',
    send: () => world.client.arm('PUT', '/resourceGroups/rg', { location: 'westeurope', tags: { count: next() } }),
    well: 200,
    stoppedBy: failureNames,
    state: async () => at((await world.client.arm('GET', '/resourceGroups/rg')).body, 'tags', 'count'),
  },
  {
    edge: 'resource manager',
    what: 'a request without a token',
    send: () => world.client.arm('GET', vaultPath('kv-failing'), undefined, { token: undefined }),
    well: 401,
    stoppedBy: [...notRead, 'the audit log cannot be written'],
  },
  {
    edge: 'Graph',
    what: 'a read',
    send: () => graph('GET', `/groups/${groupId}`),
    well: 200,
    // It requires nothing, and has no audit record.
    stoppedBy: notRead,
  },
  { edge: 'Graph', what: 'a list', send: () => graph('GET', '/groups'), well: 200, stoppedBy: notRead },
  {
    edge: 'Graph',
    what: 'a change',
    send: () => graph('PATCH', `/groups/${groupId}`, { displayName: `group ${next()}` }),
    well: 204,
    stoppedBy: [...notRead, ...notCommitted, 'the audit log cannot be written'],
    state: async () => (await graph('GET', `/groups/${groupId}`)).body['displayName'],
  },
  {
    edge: 'authority',
    what: 'a token',
    send: () => signIn(),
    well: 200,
    stoppedBy: notRead,
  },
  {
    edge: 'authority',
    what: 'a sign-in that is refused',
    send: () => signIn('another secret'),
    well: 401,
    stoppedBy: [...notRead, 'the audit log cannot be written'],
  },
];

for (const asked of requests) {
  suite(`${asked.edge}, ${asked.what}`, () => {
    for (const name of failureNames) {
      test(name, () => meet(asked, name));
      test(`${name}, once`, () => meetOnce(asked, name));
    }
    // Requests of unknown callers have a quota of one audit record in five seconds.
    if (asked.well >= 400) beforeEach(() => world.advance(10_000));
  });
}

async function meet(asked: RequestRow, name: FailureName): Promise<void> {
  const { part, error, meaning } = failures[name];
  const stateBefore = await asked.state?.();
  breakable.fail({ part, error, times: Number.POSITIVE_INFINITY });
  // A change is refused if the log is known to fail. Its own record commits with it, and reaches the log later.
  if (part === 'log') await vault('GET', '/secrets/read');
  const answered = await asked.send();
  breakable.heal();
  if (asked.stoppedBy.includes(name)) {
    assertMeans(asked, answered, meaning);
    assert.deepEqual(await asked.state?.(), stateBefore, 'nothing has changed');
  } else {
    assertWell(asked, answered);
  }
  assertWell(asked, await asked.send());
}

/** Waits until the records of all changes are in the log: a late one would use up the failure that happens once. */
async function allWritten(): Promise<void> {
  while ((await world.folder.store.list({ prefix: 'outbox/', limit: 1 })).length > 0) await sleep(10);
}

async function meetOnce(asked: RequestRow, name: FailureName): Promise<void> {
  const { part, error, meaning } = failures[name];
  if (part === 'log') await allWritten();
  breakable.fail({ part, error, times: 1 });
  const answered = await asked.send();
  // After a conflict the request is decided again; the record of a change is written later, and tried again.
  const passes = meaning === 'conflict' || (part === 'log' && asked.state !== undefined);
  if (asked.stoppedBy.includes(name) && !passes) assertMeans(asked, answered, meaning);
  else assertWell(asked, answered);
  assertWell(asked, await asked.send());
  breakable.heal();
}

function assertMeans({ edge }: RequestRow, { status, headers, body }: Answered, meaning: Meaning): void {
  const { codes, codeOf }: Edge = edges[edge];
  const found = { status, code: codeOf(body), retryAfter: headers['retry-after'] };
  const { says = /./, ...meant }: Meant = meanings[meaning];
  const code = codes[meaning === 'unreachable' || meaning === 'unknown' ? 'unavailable' : meaning];
  assert.deepEqual(found, { ...meant, code }, JSON.stringify(body));
  assert.match(JSON.stringify(body), says);
  assert.ok(!JSON.stringify([headers, body]).includes(secret), 'nothing is disclosed');
}

function assertWell({ well }: RequestRow, { status, body }: Answered): void {
  assert.equal(status, well, JSON.stringify(body));
}
