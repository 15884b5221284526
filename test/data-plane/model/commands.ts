import assert from 'node:assert/strict';
import type fc from 'fast-check';
import { storedVault } from '../../control-plane/resources.ts';
import type { Collection } from '../../../src/types/collection.ts';
import type { Answered, Client, Json } from '../../world/client.ts';
import type { TestServer } from '../../world/server.ts';
import { acls, items, location, vaultPath } from '../vaults.ts';
import { idIn, requestOf, versionIn } from './requests.ts';
import type { Request } from './requests.ts';
import {
  apply,
  applyRestore,
  applyToVault,
  collections,
  expectedOf,
  expectedRestore,
  isManaged,
  objectOf,
  pass,
  phaseOf,
  retentionDays,
  scheduledPurgeDate,
  seenPending,
  vaultAnswers,
  vaultNotFound,
} from './vault-model.ts';
import type {
  Model,
  ModelBackup,
  ModelObject,
  ModelVault,
  ModelVersion,
  Operation,
  Place,
  Target,
  VaultOperation,
} from './vault-model.ts';

export interface Real {
  readonly world: TestServer;
  /** Its tokens are valid now. */
  client: Client;
  readonly newClient: () => Client;
}

type Command = fc.AsyncCommand<Model, Real>;

export const vaultProperties = { networkAcls: acls.allow, softDeleteRetentionInDays: retentionDays };

async function send({ client }: Real, vault: ModelVault, [method, path, body]: Request): Promise<Answered> {
  return client.vault(vault.name, method, path, body === undefined ? {} : { body });
}

/** An answer in short: the status and, for a refusal, Azure's inner code or else its code. */
function wordOf({ status, body }: Answered): string {
  const error = status < 300 ? undefined : body['error'];
  return error === undefined ? String(status) : `${status} ${String(error['innererror']?.['code'] ?? error['code'])}`;
}

/** Sends the request, and asserts that the answer is the model's. */
async function asked(model: Model, real: Real, target: Target): Promise<Json | undefined> {
  const { operation, place, collection, name, back } = target;
  const vault = model.vaults[place];
  const object = objectOf(vault, collection, name);
  const version = back === undefined ? undefined : (object?.versions.at(-1 - back)?.id ?? 'f'.repeat(32));
  const request = requestOf(operation, collection, { name, tag: String(model.count), version });
  const answered = await send(real, vault, request);
  const what = `${operation} ${collection}/${name} in ${place}, ${phaseOf(object, model.now)}`;
  assert.equal(wordOf(answered), expectedOf(model, target), `${what}: ${JSON.stringify(answered.body)}`);
  return answered.status < 300 ? (answered.body ?? {}) : undefined;
}

/** A command that chooses its target when it runs, and describes it. */
function command(
  text: string,
  run: (model: Model, real: Real) => Promise<string | undefined>,
  check: Command['check'] = () => true,
): Command {
  let said = '';
  return {
    check,
    toString: () => `${text} ${said}`.trim(),
    async run(model, real) {
      model.count += 1;
      said = (await run(model, real)) ?? '';
    },
  };
}

/** An operation, and `pick`, which chooses the name that it is for. */
export interface Intention {
  readonly operation: Operation;
  readonly collection: Collection;
  readonly pick: number;
  /** For an update of one version. */
  readonly back?: number | undefined;
}

const places = ['home', 'other'] as const;
/** The other vault has room for what is restored. */
const spellings = { home: ['a', 'b', 'A'], other: ['a'] } as const;

function targetsOf({ operation, collection, back }: Omit<Intention, 'pick'>): readonly Target[] {
  return places.flatMap((place) => spellings[place].map((name) => ({ operation, place, collection, name, back })));
}

/** One of many, chosen only by `pick`. */
function picked<T>(pick: number, ...choices: readonly (readonly T[])[]): T {
  const from = choices.find(({ length }) => length > 0);
  const found = from?.[pick % from.length];
  assert.ok(found !== undefined);
  return found;
}

/** Applies an operation to a name, whether that is possible or not. */
export function operate(intention: Intention): Command {
  return command(intention.operation, (model, real) => done(model, real, picked(intention.pick, targetsOf(intention))));
}

/** Applies one of several operations: one that is possible, if there is one. */
export function operateSome({
  operations,
  ...rest
}: Omit<Intention, 'operation'> & { readonly operations: readonly Operation[] }): Command {
  const isPossible = (model: Model) => (target: Target) => expectedOf(model, target).startsWith('20');
  return command('some', (model, real) => {
    const all = operations.map((operation) => targetsOf({ ...rest, operation }));
    const able = all.map((targets) => targets.filter(isPossible(model))).filter(({ length }) => length > 0);
    const targets = picked(rest.pick, able, all);
    return done(model, real, picked(Math.floor(rest.pick / operations.length), targets));
  });
}

/** Applies an operation to a name, compares what is under that name, and describes the operation. */
async function done(model: Model, real: Real, target: Target): Promise<string> {
  const { operation, place, collection, name, back } = target;
  const body = await asked(model, real, target);
  if (body !== undefined) {
    apply(model, { ...target, tag: String(model.count), made: versionIn(collection, body) });
    if (operation === 'backup') keepBackup(model, target, String(body['value']));
    model.done.add(`${operation} ${collection}`);
  }
  await assertSameName(model, real, { place, name, of: [collection] });
  return `${operation} ${collection}/${name}${back === undefined ? '' : `@${back}`} in ${place}`;
}

function keepBackup({ vaults, backups }: Model, { place, collection, name }: Target, blob: string): void {
  const object = objectOf(vaults[place], collection, name);
  assert.ok(object !== undefined);
  backups.push({
    collection,
    blob,
    ...structuredClone({ name: object.name, isIssued: object.isIssued, versions: object.versions }),
  });
}

/** Restores one of the backups: one that can be restored, unless `blind`. */
export function restore({
  place,
  collection,
  pick,
  blind,
}: Omit<Intention, 'operation'> & { readonly place: Place; readonly blind: boolean }): Command {
  return command(
    'restore',
    async (model, real) => {
      const expectedIn = (backup: ModelBackup) => expectedRestore(model, place, { collection, backup });
      const able = blind ? [] : model.backups.filter((backup) => expectedIn(backup) === '200');
      const backup = picked(pick, able, model.backups);
      const request: Request = ['POST', `/${collection}/restore`, { value: backup.blob }];
      const answered = await send(real, model.vaults[place], request);
      const expected = expectedIn(backup);
      assert.equal(wordOf(answered), expected, `${backup.name}: ${JSON.stringify(answered.body)}`);
      if (expected === '200') {
        applyRestore(model, place, backup);
        model.done.add(`restore ${collection}`);
      }
      await assertSameName(model, real, { place, name: backup.name, of: [collection] });
      if (expected === '200') {
        for (const of of collections) {
          await assertSameVersions(model, real, { vault: model.vaults[place], collection: of, name: backup.name });
        }
      }
      return `${backup.collection}/${backup.name} as ${collection} in ${place}`;
    },
    ({ backups }) => backups.length > 0,
  );
}

/** Moves the clock on, and lets the server do what is due by then. */
export function advance(ms: number): Command {
  return command(`advance ${ms}`, async (model, real) => {
    pass(model, ms);
    real.world.advance(ms);
    real.client = real.newClient();
    await real.world.server.scheduler.runDue();
    // Versions that the server made by itself.
    for (const place of places) {
      for (const name of model.vaults[place].pendings.keys()) await assertSameName(model, real, { place, name });
    }
    return undefined;
  });
}

/** Applies an operation to the vault itself, if the vault is in the state `only`. */
export function operateVault(operation: VaultOperation, only?: ModelVault['state']): Command {
  return command(
    `${operation} the vault`,
    async (model, real) => {
      const vault = model.vaults.home;
      assert.equal(wordOf(await askedVault(real, operation, vault.name)), vaultAnswers[operation][vault.state]);
      applyToVault(model, operation, vault);
      await assertSameVault(model, real, 'home');
      return undefined;
    },
    ({ vaults }) => only === undefined || vaults.home.state === only,
  );
}

async function askedVault({ client }: Real, operation: VaultOperation, name: string): Promise<Answered> {
  const { tenantId, objectId } = client.identity;
  const permissions = { secrets: ['all'], keys: ['all'], certificates: ['all'] };
  const accessPolicies = [{ tenantId, objectId, permissions }];
  const properties = { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies, ...vaultProperties };
  const deleted = `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${name}`;
  const requests: Readonly<Record<VaultOperation, Request>> = {
    put: ['PUT', vaultPath(name), { location, properties }],
    delete: ['DELETE', vaultPath(name)],
    recover: ['PUT', vaultPath(name), { location, properties: { ...properties, createMode: 'recover' } }],
    purge: ['POST', `${deleted}/purge`],
  };
  return client.arm(...requests[operation]);
}

/** The objects of one name in every collection, on the server and in the model. */
async function assertSameName(
  model: Model,
  real: Real,
  { place, name, of = collections }: { place: Place; name: string; of?: readonly Collection[] },
): Promise<void> {
  const vault = model.vaults[place];
  // The key and the secret of a certificate are read with it.
  for (const collection of of.includes('certificates') ? collections : of) {
    const at = { place, collection, name };
    const live = await asked(model, real, { ...at, operation: 'get' });
    const deleted = await asked(model, real, { ...at, operation: 'getDeleted' });
    const seen = live ?? deleted;
    if (seen === undefined) continue;
    const object = objectOf(vault, collection, name);
    assert.ok(object !== undefined);
    assertSameVersion(real, seen, { vault, collection, name: object.name, version: object.versions.at(-1) });
    if (deleted === undefined) continue;
    assert.equal(deleted['deletedDate'], object.deletedDate);
    assert.equal(deleted['scheduledPurgeDate'], scheduledPurgeDate(Number(object.deletedDate)));
  }
}

/** One version as an answer shows it. Contents that only the server makes are taken from the first answer. */
function assertSameVersion(
  { client }: Real,
  body: Json,
  known: { vault: ModelVault; collection: Collection; name: string; version: ModelVersion | undefined },
): void {
  const { vault, collection, name, version } = known;
  assert.ok(version !== undefined);
  const found = versionIn(collection, body);
  const managed = isManaged(vault, collection, name);
  version.id ??= found.id;
  if (!managed) version.content ??= found.content;
  assert.equal(idIn(body), `${client.vaultOrigin(vault.name)}/${collection}/${name}/${version.id}`);
  assert.equal(body['tags']?.['tag'], version.tag);
  assert.equal(body['managed'], managed ? true : undefined);
  // A deleted secret shows no value.
  if (!managed && found.content !== undefined) assert.equal(found.content, version.content);
}

/** A whole vault through the API: its lists, each version of each object, its pending operations, and what is due. */
export async function assertSameVault(model: Model, real: Real, place: Place): Promise<void> {
  const vault = model.vaults[place];
  if (vault.state !== 'live') {
    for (const path of ['/secrets', '/keys/a', '/deletedcertificates']) {
      assert.equal(wordOf(await send(real, vault, ['GET', path])), vaultNotFound);
    }
    return;
  }
  const names = new Set(collections.flatMap((collection) => [...vault.objects[collection].keys()]));
  for (const name of names) await assertSameName(model, real, { place, name });
  for (const collection of collections) {
    await assertSameLists(model, real, { vault, collection });
    for (const name of names) await assertSameVersions(model, real, { vault, collection, name });
  }
  for (const name of [...names, 'none']) {
    const { status, body } = await send(real, vault, ['GET', `/certificates/${name}/pending`]);
    assert.equal(status < 300 ? body['status'] : status, seenPending(model, vault, name)?.status ?? 404);
  }
  await assertNothingLeft(real, vault);
}

async function assertSameLists(
  model: Model,
  real: Real,
  { vault, collection }: { vault: ModelVault; collection: Collection },
): Promise<void> {
  const names = new Set(Object.values(vault.objects).flatMap((objects) => [...objects.keys()]));
  const objects = [...names].map((name) => objectOf(vault, collection, name)).filter((object) => object !== undefined);
  for (const [path, phase] of [
    [`/${collection}`, 'live'],
    [`/deleted${collection}`, 'deleted'],
  ] as const) {
    const inPhase = objects.filter((object) => phaseOf(object, model.now) === phase);
    const listed = async (query: string) =>
      items((await send(real, vault, ['GET', `${path}${query}`])).body).map(
        (item) => idIn(item).split('/').at(-1) ?? '',
      );
    assert.deepEqual((await listed('')).toSorted(), namesOf(inPhase.filter(({ isIssued }) => isIssued)));
    if (collection === 'certificates') {
      assert.deepEqual((await listed('?includePending=true')).toSorted(), namesOf(inPhase));
    }
  }
}

function namesOf(objects: readonly { readonly name: string }[]): readonly string[] {
  return objects.map(({ name }) => name).toSorted();
}

async function assertSameVersions(
  model: Model,
  real: Real,
  at: { vault: ModelVault; collection: Collection; name: string },
): Promise<void> {
  const { vault, collection, name } = at;
  const { body } = await send(real, vault, ['GET', `/${collection}/${name}/versions`]);
  const object = objectOf(vault, collection, name);
  const isShown = object?.isIssued === true && phaseOf(object, model.now) === 'live';
  const versions = isShown ? object.versions : [];
  const ids = items(body).map((item) => idIn(item).split('/').at(-1));
  assert.deepEqual(ids, versions.map(({ id }) => String(id)).toSorted());
  for (const version of versions) {
    const answered = await send(real, vault, ['GET', `/${collection}/${name}/${String(version.id).toUpperCase()}`]);
    assert.equal(answered.status, 200);
    assertSameVersion(real, answered.body, { ...at, name: object?.name ?? '', version });
  }
}

/**
 * Each deleted object has its purge before it, the key and the secret of a certificate with that of the certificate; what
 * is purged has the end of that before it, each part by itself; and nothing is stored of versions that are not there any more.
 */
async function assertNothingLeft({ world }: Real, vault: ModelVault): Promise<void> {
  const { store } = world.folder;
  const { incarnation } = (await storedVault(world, vault.name)).vault;
  const due = (await store.list({ prefix: 'due/', limit: 1000 })).filter(({ key }) =>
    key.includes(`/purgeObject/${incarnation}/`),
  );
  const own = collections.flatMap((collection) => [...vault.objects[collection].values()]);
  const certificates = new Set(vault.objects.certificates.values());
  const dueOf = (object: ModelObject) => {
    if (object.isPurged) return certificates.has(object) && object.isIssued ? collections.length : 1;
    return object.deletedDate === undefined ? 0 : 1;
  };
  assert.equal(
    due.length,
    own.reduce((sum, object) => sum + dueOf(object), 0),
  );
  const names = new Set(own.map(({ name }) => name.toLowerCase()));
  const prefix = `vault/${incarnation}/certificates-pending/`;
  const pendings = (await store.list({ prefix, limit: 1000 })).map(({ key }) => key.slice(prefix.length));
  assert.deepEqual(pendings.toSorted(), [...vault.pendings.keys()].toSorted());
  for (const collection of collections) {
    const older = await store.list({ prefix: `vault/${incarnation}/${collection}-versions/`, limit: 1000 });
    const objects = [...names].map((name) => objectOf(vault, collection, name));
    const count = objects.reduce((sum, object) => sum + Math.max(0, (object?.versions.length ?? 0) - 1), 0);
    assert.equal(older.length, count, `older versions of ${collection}`);
  }
}
