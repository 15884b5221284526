import type { CertificateFileReader } from '../objects/certificate-import.ts';
import { hsmPlatform, keyForm } from '../objects/key.ts';
import type { KeyRecord, KeyVersion } from '../objects/key.ts';
import { newVersion } from '../objects/new-version.ts';
import { recoveryLevel, vaultScope } from '../objects/object.ts';
import type { ObjectRecord, ObjectVersion, Outcome } from '../objects/object.ts';
import { getVersion, listObjects, listVersions } from '../objects/read.ts';
import type { Page } from '../objects/read.ts';
import type { SecretVersion } from '../objects/secret.ts';
import type { Requirement, Store, Transaction } from '../store/store.ts';
import type { KeyEngine } from '../types/key.ts';
import type { ObjectAnswer, ObjectAsked, ObjectPage, PageAsked, ResourceObject } from '../types/vault-object.ts';
import { renderError } from './errors.ts';
import { keyCreated } from './keys/create-key.ts';
import { policyMembers, resourcePolicy } from './keys/rotation-policy.ts';
import type { Call } from './operation.ts';
import { secretSet } from './secrets/set-secret.ts';
import { secretUpdated } from './secrets/update-secret.ts';

interface Asked extends ObjectAsked {
  readonly store: Store;
  readonly require: readonly Requirement[];
}

interface World {
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  readonly transitionMs: number;
  readonly issueMs: number;
}

/** The vaults' secrets and keys for the resource manager, by the same rules as for the vaults' own clients. */
export function resourceObjects(world: World) {
  return {
    setSecret: async (asked: Asked) => answered(asked, await secretSet(callOf(asked, world)), secretObject),
    updateSecret: async (asked: Asked) => answered(asked, await secretUpdated(callOf(asked, world)), secretObject),
    getSecret: async (asked: Asked) =>
      answered(asked, await getVersion<SecretVersion>(callOf(asked, world).vault, 'secrets', asked), secretObject),
    listSecrets: async (asked: Asked & PageAsked) =>
      paged(asked, await listObjects<SecretVersion>(callOf(asked, world).vault, 'secrets', asked), secretObject),
    /** Makes the key, with its rotation policy, unless it is there: then it is given back as it is. */
    async createKey(asked: Asked): Promise<ObjectAnswer<Transaction>> {
      const { rotationPolicy, ...body } = asked.body ?? {};
      const call = callOf({ ...asked, body }, world);
      const before = await getVersion<KeyVersion>(call.vault, 'keys', { name: asked.name });
      if (before.ok || before.refusal.kind !== 'objectNotFound') return answered(asked, before, keyObject);
      const policy = resourcePolicy(rotationPolicy);
      return answered(asked, policy.ok ? await keyCreated(call, policy.value) : policy, keyObject);
    },
    getKey: async (asked: Asked) =>
      answered(
        asked,
        await getVersion<KeyVersion>(callOf(asked, world).vault, 'keys', asked),
        asked.version === undefined ? keyObject : keyVersionObject,
      ),
    listKeys: async (asked: Asked & PageAsked) =>
      paged(asked, await listObjects<KeyVersion>(callOf(asked, world).vault, 'keys', asked), keyObject),
    listKeyVersions: async (asked: Asked & PageAsked) =>
      paged(asked, await listVersions<KeyVersion>(callOf(asked, world).vault, 'keys', asked), keyVersionObject),
  };
}

function callOf(asked: Asked, { engine, certificateFiles, transitionMs, issueMs }: World): Call {
  const { store, vault, require, origin, apiVersion, now, name, body } = asked;
  return {
    vault: vaultScope(vault, { store, transitionMs, now, require }),
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
    now: Math.floor(now / 1000),
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

/** A key, and the policy that is no version's. */
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
  const scope = vaultScope(asked.vault, { ...asked, transitionMs: 0 });
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
