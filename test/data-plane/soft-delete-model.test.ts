/**
 * Any sequence of create, update, delete, recover, purge and the passing of time does to a vault what it does to a plain
 * model of one. A collection joins with a row in `kinds`.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Collection } from '../../src/types/collection.ts';
import { storedVault } from '../control-plane/resources.ts';
import type { Answered, Client, Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, items, newClient, putVault, transitionMs } from './vaults.ts';

type Request = readonly [method: string, path: string, body?: unknown];

/** How the objects of a collection are made and changed, and where their id stands. */
interface Kind {
  readonly collection: Collection;
  readonly create: (name: string) => Request;
  readonly update: (name: string, tag: string) => Request;
  readonly id: (bundle: Json) => Json | undefined;
}

const kinds: readonly Kind[] = [
  {
    collection: 'secrets',
    create: (name) => ['PUT', `/secrets/${name}`, { value: 'v' }],
    update: (name, tag) => ['PATCH', `/secrets/${name}`, { tags: { tag } }],
    id: (bundle) => bundle['id'],
  },
  {
    collection: 'keys',
    create: (name) => ['POST', `/keys/${name}/create`, { kty: 'oct' }],
    update: (name, tag) => ['PATCH', `/keys/${name}`, { tags: { tag } }],
    id: (bundle) => bundle['key']?.['kid'] ?? bundle['kid'],
  },
];

/** An object as anybody would imagine it. */
interface ModelObject {
  /** As it was spelt first. */
  readonly name: string;
  readonly versions: string[];
  tag: string | undefined;
  /** In seconds, while it is deleted. */
  deletedDate: number | undefined;
  /** When its last deletion or recovery is complete, in milliseconds. */
  completeAt: number;
}

interface Model {
  readonly objects: Map<string, ModelObject>;
  now: number;
  tags: number;
}

interface Real {
  readonly kind: Kind;
  readonly vault: string;
  client: Client;
}

type Command = fc.AsyncCommand<Model, Real>;
type Phase = 'none' | 'live' | 'deleting' | 'deleted' | 'recovering';

const retentionSeconds = 7 * 86_400;
const notFound = '404';
const being = { deleted: '409 ObjectIsBeingDeleted', recovered: '409 ObjectIsBeingRecovered' };
const inTransition = { deleting: being.deleted, recovering: being.recovered };

/** What each operation is answered in each phase. */
const answers = {
  create: { none: '200', live: '200', deleted: '409 ObjectIsDeletedButRecoverable', ...inTransition },
  update: { none: notFound, live: '200', deleted: notFound, ...inTransition },
  delete: { none: notFound, live: '200', deleted: notFound, ...inTransition },
  recover: { none: notFound, live: notFound, deleted: '200', ...inTransition },
  purge: { none: notFound, live: notFound, deleted: '204', ...inTransition },
  get: { none: notFound, live: '200', deleted: notFound, deleting: notFound, recovering: notFound },
  getDeleted: { none: notFound, live: notFound, deleted: '200', deleting: notFound, recovering: notFound },
} satisfies Readonly<Record<string, Readonly<Record<Phase, string>>>>;

function phaseOf({ objects, now }: Model, name: string): Phase {
  const object = objects.get(name.toLowerCase());
  if (object === undefined) return 'none';
  if (object.deletedDate === undefined) return now < object.completeAt ? 'recovering' : 'live';
  return now < object.completeAt ? 'deleting' : 'deleted';
}

let world: TestServer;
const agent = new Agent({ keepAlive: true });

before(async () => {
  world = await startServerWith({ still: true });
});

after(async () => {
  agent.destroy();
  await world[Symbol.asyncDispose]();
});

async function send({ client, vault }: Real, [method, path, body]: Request): Promise<Answered> {
  return client.vault(vault, method, path, { agent, ...(body !== undefined && { body }) });
}

function requestOf({ kind }: Real, operation: keyof typeof answers, name: string, tag = ''): Request {
  const live = `/${kind.collection}/${name}`;
  const deleted = `/deleted${kind.collection}/${name}`;
  const requests: Readonly<Record<keyof typeof answers, Request>> = {
    create: kind.create(name),
    update: kind.update(name, tag),
    delete: ['DELETE', live],
    recover: ['POST', `${deleted}/recover`],
    purge: ['DELETE', deleted],
    get: ['GET', live],
    getDeleted: ['GET', deleted],
  };
  return requests[operation];
}

/** Asks, and finds the answer to be the one of the object's phase. */
async function asked(
  model: Model,
  real: Real,
  { operation, name, tag }: { readonly operation: keyof typeof answers; readonly name: string; readonly tag?: string },
): Promise<Json | undefined> {
  const { status, body } = await send(real, requestOf(real, operation, name, tag));
  const inner = status === 409 ? ` ${String(body['error']?.['innererror']?.['code'])}` : '';
  const phase = phaseOf(model, name);
  assert.equal(`${status}${inner}`, answers[operation][phase], `${operation} ${name}, ${phase}`);
  return status < 300 ? body : undefined;
}

/** What an operation that was done does to the model. */
const effects: Readonly<
  Record<'create' | 'update' | 'delete' | 'recover' | 'purge', (model: Model, name: string, id: string) => void>
> = {
  create({ objects }, name, id) {
    const object = objects.get(name.toLowerCase());
    if (object === undefined) {
      objects.set(name.toLowerCase(), { name, versions: [id], tag: undefined, deletedDate: undefined, completeAt: 0 });
      return;
    }
    object.versions.push(id);
    object.tag = undefined;
  },
  update(model, name) {
    objectOf(model, name).tag = String(model.tags);
  },
  delete(model, name) {
    const object = objectOf(model, name);
    object.deletedDate = Math.floor(model.now / 1000);
    object.completeAt = model.now + transitionMs;
  },
  recover(model, name) {
    const object = objectOf(model, name);
    object.deletedDate = undefined;
    object.completeAt = model.now + transitionMs;
  },
  purge({ objects }, name) {
    objects.delete(name.toLowerCase());
  },
};

function objectOf({ objects }: Model, name: string): ModelObject {
  const object = objects.get(name.toLowerCase());
  assert.ok(object !== undefined);
  return object;
}

const operate = (operation: keyof typeof effects, name: string): Command => ({
  check: () => true,
  toString: () => `${operation} ${name}`,
  async run(model, real) {
    model.tags += 1;
    const phase = phaseOf(model, name);
    const body = await asked(model, real, { operation, name, tag: String(model.tags) });
    const isDone = ['200', '204'].includes(answers[operation][phase]);
    if (isDone) effects[operation](model, name, body === undefined ? '' : String(real.kind.id(body)));
    await assertSame(model, real, name);
  },
});

const advance = (ms: number): Command => ({
  check: () => true,
  toString: () => `advance ${ms}`,
  async run(model, real) {
    model.now += ms;
    for (const [key, { deletedDate }] of model.objects) {
      const isOver = deletedDate !== undefined && (deletedDate + retentionSeconds) * 1000 <= model.now;
      if (isOver) model.objects.delete(key);
    }
    world.advance(ms);
    real.client = newClient(world);
    await world.server.scheduler.runDue();
  },
});

/** One name, as it can be seen in the one place and in the other. */
async function assertSame(model: Model, real: Real, name: string): Promise<void> {
  const object = model.objects.get(name.toLowerCase());
  const live = await asked(model, real, { operation: 'get', name });
  const deleted = await asked(model, real, { operation: 'getDeleted', name });
  const seen = live ?? deleted;
  if (seen === undefined) return;
  assert.equal(real.kind.id(seen), object?.versions.at(-1));
  assert.equal(seen['tags']?.['tag'], object?.tag);
  if (deleted === undefined) return;
  assert.equal(deleted['deletedDate'], object?.deletedDate);
  assert.equal(deleted['scheduledPurgeDate'], Number(object?.deletedDate) + retentionSeconds);
}

/** The lists, and the records in the store: nothing that the model does not know. */
async function assertSameVault(model: Model, real: Real): Promise<void> {
  const { collection, id } = real.kind;
  const inPhase = (phase: Phase) =>
    [...model.objects.values()].filter(({ name }) => phaseOf(model, name) === phase).map(({ name }) => name);
  for (const [path, phase] of [
    [`/${collection}`, 'live'],
    [`/deleted${collection}`, 'deleted'],
  ] as const) {
    const listed = items((await send(real, ['GET', path])).body).map(
      (item) => String(id(item)).split('/').at(-1) ?? '',
    );
    assert.deepEqual(listed.toSorted(), inPhase(phase).toSorted());
  }
  for (const { name, versions } of model.objects.values()) {
    const { body } = await send(real, ['GET', `/${collection}/${name}/versions`]);
    const expected = phaseOf(model, name) === 'live' ? versions.toSorted() : [];
    assert.deepEqual(items(body).map(id), expected);
  }
  const { incarnation } = (await storedVault(world, real.vault)).vault;
  const due = (await world.folder.store.list({ prefix: 'due/', limit: 1000 })).filter(({ key }) =>
    key.includes(incarnation),
  );
  const scheduled = [...model.objects.values()].filter(({ deletedDate }) => deletedDate !== undefined);
  assert.equal(due.length, scheduled.length, 'each deleted object has its purge, and nothing else is due');
}

for (const kind of kinds) {
  test(`any sequence of operations on ${kind.collection}, as on a model, its transitions included`, async () => {
    const name = fc.constantFrom('a', 'A', 'a-b', 'b');
    const time = fc.constantFrom(1, transitionMs - 1, transitionMs, transitionMs, 1000, 86_400_000, 604_799_000);
    const commands = fc.commands(
      [
        ...Object.keys(effects)
          .filter((operation): operation is keyof typeof effects => operation in effects)
          .map((operation) => name.map((given) => operate(operation, given))),
        time.map(advance),
        time.map(advance),
      ],
      { size: 'large', maxCommands: 40 },
    );
    let vaults = 0;
    const run = fc.asyncProperty(commands, async (sequence) => {
      const client = newClient(world);
      vaults += 1;
      const vault = `kv-${kind.collection}-${vaults}`;
      await putVault(client, vault, { networkAcls: acls.allow, softDeleteRetentionInDays: 7 });
      const model: Model = { objects: new Map(), now: world.now(), tags: 0 };
      const real: Real = { kind, vault, client };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await assertSameVault(model, real);
      // What is deleted is purged in the end.
      await advance(2 * retentionSeconds * 1000).run(model, real);
      await assertSameVault(model, real);
    });
    await fc.assert(run, { numRuns: 40 });
  });
}
