import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Outcome } from '../../src/objects/object.ts';
import type { Page } from '../../src/objects/read.ts';
import type { SecretVersion } from '../../src/objects/secrets/secret.ts';
import {
  actions,
  commit,
  getDeleted,
  getVersion,
  listDeleted,
  listObjects,
  listVersions,
  scope,
  versionIds,
} from './vault.ts';
import type { Scope } from './vault.ts';

/** A secret in the simplest form: all versions in one list, the last one current. */
interface ModelSecret {
  readonly name: string;
  readonly versions: SecretVersion[];
  deleted?: number;
}

interface Model {
  readonly secrets: Map<string, ModelSecret>;
  now: number;
}

interface Real {
  readonly vault: Scope;
  readonly newVersion: () => string;
}

type Command = fc.AsyncCommand<Model, Real>;

function live(model: Model, name: string): ModelSecret | undefined {
  const secret = model.secrets.get(name.toLowerCase());
  return secret?.deleted === undefined ? secret : undefined;
}

function gone(model: Model, name: string): ModelSecret | undefined {
  const secret = model.secrets.get(name.toLowerCase());
  return secret?.deleted === undefined ? undefined : secret;
}

function refusal<T>(outcome: Outcome<T>): string | undefined {
  return outcome.ok ? undefined : outcome.refusal.kind;
}

/** A command that does the same to both sides, and compares the answers. */
function command(text: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    toString: () => text,
    run: async (model, real) => {
      model.now += 1;
      await run(model, real);
    },
  };
}

const set = (name: string) =>
  command(`set ${name}`, async (model, { vault, newVersion }) => {
    const made = { version: newVersion(), now: model.now, value: `${name} at ${model.now}` };
    const outcome = await commit(vault, actions.set(vault, name, made));
    if (gone(model, name) !== undefined) {
      assert.equal(refusal(outcome), 'objectDeletedButRecoverable');
      return;
    }
    const secret = live(model, name) ?? { name, versions: [] };
    const attributes = { enabled: true, created: model.now, updated: model.now };
    secret.versions.push({ version: made.version, value: made.value, attributes });
    model.secrets.set(name.toLowerCase(), secret);
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.value, { name: secret.name, current: secret.versions.at(-1) });
  });

/** `back` counts from the current version; beyond the first there is no version. */
const update = (name: string, back: number | undefined) =>
  command(`update ${name} ${back ?? 'current'}`, async (model, { vault }) => {
    const secret = live(model, name);
    const at = (secret?.versions.length ?? 0) - 1 - (back ?? 0);
    const before = secret?.versions[at];
    const version = back === undefined ? undefined : (before?.version.toUpperCase() ?? 'f'.repeat(32));
    const changed = { version, now: model.now, contentType: `at ${model.now}` };
    const outcome = await commit(vault, actions.update(vault, name, changed));
    if (secret === undefined || before === undefined) {
      assert.equal(refusal(outcome), 'objectNotFound');
      return;
    }
    const attributes = { ...before.attributes, updated: model.now };
    secret.versions[at] = { ...before, contentType: changed.contentType, attributes };
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.value, { name: secret.name, current: secret.versions[at] });
  });

const remove = (name: string) =>
  command(`delete ${name}`, async (model, { vault }) => {
    const outcome = await commit(vault, actions.delete(vault, name, model.now));
    const secret = live(model, name);
    assert.equal(refusal(outcome), secret === undefined ? 'objectNotFound' : undefined);
    if (secret !== undefined) secret.deleted = model.now;
  });

const recover = (name: string) =>
  command(`recover ${name}`, async (model, { vault }) => {
    const outcome = await commit(vault, actions.recover(vault, name));
    const secret = gone(model, name);
    assert.equal(refusal(outcome), secret === undefined ? 'deletedObjectNotFound' : undefined);
    if (secret !== undefined) delete secret.deleted;
  });

const purge = (name: string) =>
  command(`purge ${name}`, async (model, { vault }) => {
    const outcome = await commit(vault, actions.purge(vault, name));
    const secret = gone(model, name);
    assert.equal(refusal(outcome), secret === undefined ? 'deletedObjectNotFound' : undefined);
    if (secret !== undefined) model.secrets.delete(name.toLowerCase());
  });

const lists = (limit: number) =>
  command(`list by ${limit}`, async (model, { vault }) => {
    const sorted = [...model.secrets].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, secret]) => secret);
    const listed = await pages(limit, (page) => listObjects(vault, 'secrets', page));
    const alive = sorted.filter(({ deleted }) => deleted === undefined);
    assert.deepEqual(
      listed,
      alive.map(({ name, versions }) => ({ name, current: versions.at(-1) })),
    );
    const deleted = await pages(limit, (page) => listDeleted(vault, 'secrets', page));
    const dead = sorted.filter((secret) => secret.deleted !== undefined);
    assert.deepEqual(
      deleted.map(({ name, deletedDate, scheduledPurgeDate }) => ({ name, deletedDate, scheduledPurgeDate })),
      dead.map(({ name, deleted: at = 0 }) => ({ name, deletedDate: at, scheduledPurgeDate: at + 90 * 86_400 })),
    );
    for (const { name, versions } of sorted) {
      const found = await pages(limit, (page) => listVersions(vault, 'secrets', { ...page, name }));
      const expected = alive.some((secret) => secret.name === name) ? versions : [];
      assert.deepEqual(
        found,
        expected.toSorted((a, b) => (a.version < b.version ? -1 : 1)).map((current) => ({ name, current })),
      );
    }
  });

async function pages<T>(
  limit: number,
  get: (page: { readonly after: string | undefined; readonly limit: number }) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (let after: string | undefined; ;) {
    const page = await get({ after, limit });
    assert.ok(page.items.length <= limit);
    assert.ok(after === undefined || page.items.length > 0, 'a page after nextLink is not empty');
    all.push(...page.items);
    if (page.next === undefined) return all;
    assert.equal(page.items.length, limit, 'every page but the last is full');
    after = page.next;
  }
}

/** Compares every secret and every version by name; the store has nothing that the model does not know. */
async function assertSame(model: Model, { vault }: Real): Promise<void> {
  let records = 0;
  for (const [key, { name, versions, deleted }] of model.secrets) {
    records += versions.length;
    if (deleted !== undefined) {
      // Its due purge, at the end of the retention.
      records += 1;
      const found = await getDeleted(vault, 'secrets', key);
      assert.ok(found.ok);
      assert.deepEqual([found.value.name, found.value.current], [name, versions.at(-1)]);
      assert.equal(refusal(await getVersion(vault, 'secrets', { name })), 'objectNotFound');
      continue;
    }
    for (const current of versions) {
      const found = await getVersion(vault, 'secrets', { name: key, version: current.version });
      assert.ok(found.ok);
      assert.deepEqual(found.value, { name, current });
    }
  }
  assert.equal((await vault.store.list({ prefix: '', limit: 10_000 })).length, records);
}

test('any sequence of operations ends in the same state as a plain model of secrets', async () => {
  const name = fc.constantFrom('a', 'A', 'ab', 'a-b', 'b');
  const commands = fc.commands(
    [
      name.map(set),
      name.map(set),
      fc.tuple(name, fc.option(fc.nat(3), { nil: undefined })).map(([given, back]) => update(given, back)),
      name.map(remove),
      name.map(recover),
      name.map(purge),
      fc.integer({ min: 1, max: 3 }).map(lists),
    ],
    { size: 'large', maxCommands: 60 },
  );
  const run = fc.asyncProperty(commands, async (sequence) => {
    const model: Model = { secrets: new Map(), now: 1000 };
    const real: Real = { vault: scope(), newVersion: versionIds() };
    await fc.asyncModelRun(() => ({ model, real }), sequence);
    await assertSame(model, real);
  });
  await fc.assert(run, { numRuns: 300 });
});
