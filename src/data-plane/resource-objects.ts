import { refusalOf, Refused } from '../edge/edge.ts';
import { readAlone } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import type { CertificateFileReader } from '../objects/certificates/import.ts';
import { hsmPlatform, keyForm } from '../objects/keys/key.ts';
import type { KeyRecord } from '../objects/keys/key.ts';
import { newVersion, recoveryLevel, vaultScope } from '../objects/object.ts';
import type { Done, ObjectRecord, ObjectVersion, Outcome } from '../objects/object.ts';
import { getCurrent, getVersion, listObjects, listVersions } from '../objects/read.ts';
import type { Page } from '../objects/read.ts';
import type { SecretVersion } from '../objects/secrets/secret.ts';
import type { Requirement, Store, Transaction } from '../store/store.ts';
import type { KeyEngine } from '../types/key.ts';
import type { ObjectAnswer, ObjectRequest, ObjectPage, PageRequest, ResourceObject } from '../types/vault-object.ts';
import { renderError } from './errors.ts';
import { makeKey } from './keys/create.ts';
import { policyMembers, resourcePolicy } from './keys/rotation.ts';
import { orRefuse } from './operation.ts';
import type { Call } from './operation.ts';
import type { Refusal } from './refusal.ts';
import { addSecretVersion, changeSecretVersion } from './secrets.ts';

interface ResourceRequest extends ObjectRequest {
  readonly store: Store;
  readonly require: readonly Requirement[];
}

interface ObjectServices {
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  readonly transitionMs: number;
  readonly issueMs: number;
}

/** The vaults' secrets and keys for the resource manager, under the same rules as for clients of the vaults. */
export function resourceObjects(services: ObjectServices) {
  const read = <R>(request: ResourceRequest, reading: (call: Call) => Reading<R>): Promise<R> =>
    readAlone(request.store, request.require, reading(callOf(request, services)));
  const answer = <R>(request: ResourceRequest, reading: (call: Call) => Reading<Done<R>>, render: Render<R>) =>
    answered(request, read(request, reading), render);
  const page = async <R>(request: ResourceRequest, reading: (call: Call) => Reading<Page<R>>, render: Render<R>) =>
    paged(request, await read(request, reading), render);
  return {
    setSecret: (request: ResourceRequest) => answer(request, addSecretVersion, secretObject),
    updateSecret: (request: ResourceRequest) => answer(request, changeSecretVersion, secretObject),
    getSecret: (request: ResourceRequest) =>
      answer(request, ({ vault }) => found(getVersion(vault, 'secrets', request)), secretObject),
    listSecrets: (request: ResourceRequest & PageRequest) =>
      page(request, ({ vault }) => listObjects(vault, 'secrets', request), secretObject),
    createKey(request: ResourceRequest) {
      const { rotationPolicy, ...body } = request.body ?? {};
      return answer({ ...request, body }, (call) => makeKeyOnce(call, rotationPolicy), keyObject);
    },
    getKey: (request: ResourceRequest) =>
      answer(
        request,
        ({ vault }) => found(getVersion(vault, 'keys', request)),
        request.version === undefined ? keyObject : keyVersionObject,
      ),
    listKeys: (request: ResourceRequest & PageRequest) =>
      page(request, ({ vault }) => listObjects(vault, 'keys', request), keyObject),
    listKeyVersions: (request: ResourceRequest & PageRequest) =>
      page(request, ({ vault }) => listVersions(vault, 'keys', request), keyVersionObject),
  };
}

function* found<R>(reading: Reading<Outcome<R>>): Reading<Done<R>> {
  return orRefuse(yield* reading);
}

/** Makes the key, with its rotation policy. If the key exists, returns it unchanged. */
function* makeKeyOnce(call: Call, policy: unknown): Reading<Done<KeyRecord>> {
  const before = yield* getCurrent(call.vault, 'keys', call.params['name'] ?? '');
  return before.ok ? before : yield* makeKey(call, resourcePolicy(policy));
}

function callOf(request: ResourceRequest, { engine, certificateFiles, transitionMs, issueMs }: ObjectServices): Call {
  const { vault, require, origin, apiVersion, now: nowMs, name, body } = request;
  return {
    vault: vaultScope(vault, { transitionMs, nowMs, require }),
    engine,
    certificateFiles,
    // No operation on a resource takes so long that it should end with the client's connection.
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

type Render<R> = (request: ResourceRequest, object: R) => ResourceObject;

async function answered<R>(
  request: ResourceRequest,
  object: Promise<Done<R>>,
  render: Render<R>,
): Promise<ObjectAnswer<Transaction>> {
  try {
    const done = await object;
    return { ...done, value: render(request, done.value) };
  } catch (error) {
    if (error instanceof Refused) return refusalAnswer(request, refusalOf<Refusal>(error));
    throw error;
  }
}

function refusalAnswer(request: ResourceRequest, refusal: Refusal): Extract<ObjectAnswer<never>, { ok: false }> {
  const source = { kind: 'unknown', reason: 'the request came through the resource manager' } as const;
  const context = {
    source,
    vault: undefined,
    caller: undefined,
    origin: request.origin,
    encodedTokenHeader: '',
    acceptedIssuers: [],
  };
  const { status, message } = renderError(refusal, context);
  return { ok: false, status, message };
}

function paged<R>(request: ResourceRequest, { items, next }: Page<R>, render: Render<R>): ObjectPage {
  return { items: items.map((object) => render(request, object)), ...(next !== undefined && { next }) };
}

function secretObject(request: ResourceRequest, secret: ObjectRecord<SecretVersion>): ResourceObject {
  const { contentType } = secret.current;
  const uri = `${request.origin}/secrets/${secret.name}`;
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
function keyObject(request: ResourceRequest, key: KeyRecord): ResourceObject {
  const object = keyVersionObject(request, key);
  const { rotationPolicy: policy } = key.current;
  if (policy === undefined) return object;
  const { lifetimeActions, attributes } = policyMembers(policy);
  const rotationPolicy = {
    attributes,
    // The resource manager has KeyRotationPolicyActionType in lower case, and the data plane has it capitalized.
    lifetimeActions: lifetimeActions.map(({ trigger, action }) => ({
      trigger,
      action: { type: action.type.toLowerCase() },
    })),
  };
  return { ...object, properties: { ...object.properties, rotationPolicy } };
}

function keyVersionObject(request: ResourceRequest, key: KeyRecord): ResourceObject {
  const { kty, keyOps, material, exportable = false, releasePolicy } = key.current;
  const form = keyForm(material);
  const scope = vaultScope(request.vault, { require: request.require, nowMs: request.now, transitionMs: 0 });
  const uri = `${request.origin}/keys/${key.name}`;
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
