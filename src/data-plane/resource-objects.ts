import { readAlone } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import type { CertificateFileReader } from '../objects/certificates/import.ts';
import { hsmPlatform, keyForm } from '../objects/keys/key.ts';
import type { KeyRecord } from '../objects/keys/key.ts';
import { newVersion, recoveryLevel, vaultScope } from '../objects/object.ts';
import type { ObjectRecord, ObjectVersion, Outcome } from '../objects/object.ts';
import { getCurrent, getVersion, listObjects, listVersions } from '../objects/read.ts';
import type { Page } from '../objects/read.ts';
import type { SecretVersion } from '../objects/secrets/secret.ts';
import type { Requirement, Store, Transaction } from '../store/store.ts';
import type { KeyEngine } from '../types/key.ts';
import type { ObjectAnswer, ObjectRequest, ObjectPage, PageRequest, ResourceObject } from '../types/vault-object.ts';
import { renderError } from './errors.ts';
import { keyCreated } from './keys/create.ts';
import { policyMembers, resourcePolicy } from './keys/rotation.ts';
import type { Call } from './operation.ts';
import { secretSet, secretUpdated } from './secrets.ts';

interface Asked extends ObjectRequest {
  readonly store: Store;
  readonly require: readonly Requirement[];
}

interface ObjectServices {
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  readonly transitionMs: number;
  readonly issueMs: number;
}

/** The vaults' secrets and keys for the resource manager, by the same rules as for the vaults' own clients. */
export function resourceObjects(services: ObjectServices) {
  const answer = async <R>(asked: Asked, reading: (call: Call) => Reading<Outcome<R>>, shown: Shown<R>) =>
    answered(asked, await readAlone(asked.store, asked.require, reading(callOf(asked, services))), shown);
  const page = async <R>(asked: Asked, reading: (call: Call) => Reading<Page<R>>, shown: Shown<R>) =>
    paged(asked, await readAlone(asked.store, asked.require, reading(callOf(asked, services))), shown);
  return {
    setSecret: (asked: Asked) => answer(asked, secretSet, secretObject),
    updateSecret: (asked: Asked) => answer(asked, secretUpdated, secretObject),
    getSecret: (asked: Asked) => answer(asked, ({ vault }) => getVersion(vault, 'secrets', asked), secretObject),
    listSecrets: (asked: Asked & PageRequest) =>
      page(asked, ({ vault }) => listObjects(vault, 'secrets', asked), secretObject),
    createKey(asked: Asked) {
      const { rotationPolicy, ...body } = asked.body ?? {};
      return answer({ ...asked, body }, (call) => keyUnlessThere(call, rotationPolicy), keyObject);
    },
    getKey: (asked: Asked) =>
      answer(
        asked,
        ({ vault }) => getVersion(vault, 'keys', asked),
        asked.version === undefined ? keyObject : keyVersionObject,
      ),
    listKeys: (asked: Asked & PageRequest) => page(asked, ({ vault }) => listObjects(vault, 'keys', asked), keyObject),
    listKeyVersions: (asked: Asked & PageRequest) =>
      page(asked, ({ vault }) => listVersions(vault, 'keys', asked), keyVersionObject),
  };
}

/** Makes the key, with its rotation policy, unless it is there: then it is given back as it is. */
function* keyUnlessThere(call: Call, policy: unknown): Reading<Outcome<KeyRecord>> {
  const before = yield* getCurrent(call.vault, 'keys', call.params['name'] ?? '');
  if (before.ok || before.refusal.kind !== 'objectNotFound') return before;
  const rotationPolicy = resourcePolicy(policy);
  if (!rotationPolicy.ok) return rotationPolicy;
  return yield* keyCreated(call, rotationPolicy.value);
}

function callOf(asked: Asked, { engine, certificateFiles, transitionMs, issueMs }: ObjectServices): Call {
  const { vault, require, origin, apiVersion, now: nowMs, name, body } = asked;
  return {
    vault: vaultScope(vault, { transitionMs, nowMs, require }),
    engine,
    certificateFiles,
    // No operation on a resource takes so long that it should end with its client.
    whileConnected: (work) => work(new AbortController().signal),
    issueMs,
    origin,
    apiVersion,
    params: { name },
    query: {},
    body,
    nowSeconds: Math.floor(nowMs / 1000),
    newVersion,
  };
}

type Shown<R> = (asked: Asked, object: R) => ResourceObject;

function answered<R>(asked: Asked, outcome: Outcome<R>, shown: Shown<R>): ObjectAnswer<Transaction> {
  if (outcome.ok) return { ...outcome, value: shown(asked, outcome.value) };
  const source = { kind: 'unknown', reason: 'the resource manager asks' } as const;
  const context = {
    source,
    vault: undefined,
    caller: undefined,
    origin: asked.origin,
    encodedTokenHeader: '',
    acceptedIssuers: [],
  };
  const { status, message } = renderError(outcome.refusal, context);
  return { ok: false, status, message };
}

function paged<R>(asked: Asked, { items, next }: Page<R>, shown: Shown<R>): ObjectPage {
  return { items: items.map((object) => shown(asked, object)), ...(next !== undefined && { next }) };
}

function secretObject(asked: Asked, secret: ObjectRecord<SecretVersion>): ResourceObject {
  const { contentType } = secret.current;
  const uri = `${asked.origin}/secrets/${secret.name}`;
  return {
    ...objectOf(secret),
    properties: {
      ...(contentType !== undefined && { contentType }),
      attributes: attributesOf(secret.current),
      secretUri: uri,
      secretUriWithVersion: `${uri}/${secret.current.version}`,
    },
  };
}

/** A key with its rotation policy, which belongs to no version. */
function keyObject(asked: Asked, key: KeyRecord): ResourceObject {
  const object = keyVersionObject(asked, key);
  const { rotationPolicy: policy } = key.current;
  if (policy === undefined) return object;
  const { lifetimeActions, attributes } = policyMembers(policy);
  const rotationPolicy = {
    attributes,
    // KeyRotationPolicyActionType of the resource manager is written small, and that of the data plane large.
    lifetimeActions: lifetimeActions.map(({ trigger, action }) => ({
      trigger,
      action: { type: action.type.toLowerCase() },
    })),
  };
  return { ...object, properties: { ...object.properties, rotationPolicy } };
}

function keyVersionObject(asked: Asked, key: KeyRecord): ResourceObject {
  const { kty, keyOps, material, exportable = false, releasePolicy } = key.current;
  const form = keyForm(material);
  const scope = vaultScope(asked.vault, { require: asked.require, nowMs: asked.now, transitionMs: 0 });
  const uri = `${asked.origin}/keys/${key.name}`;
  return {
    ...objectOf(key),
    properties: {
      attributes: { ...attributesOf(key.current), recoveryLevel: recoveryLevel(scope), exportable, hsmPlatform },
      kty,
      keyOps,
      ...('curve' in form ? { curveName: form.curve } : { keySize: form.size }),
      keyUri: uri,
      keyUriWithVersion: `${uri}/${key.current.version}`,
      ...(releasePolicy !== undefined && { releasePolicy }),
    },
  };
}

function objectOf({ name, current }: ObjectRecord<ObjectVersion>) {
  return { name, version: current.version, tags: current.tags };
}

function attributesOf({ attributes }: ObjectVersion) {
  const { enabled, notBefore, expires, created, updated } = attributes;
  return {
    enabled,
    ...(notBefore !== undefined && { nbf: notBefore }),
    ...(expires !== undefined && { exp: expires }),
    created,
    updated,
  };
}
