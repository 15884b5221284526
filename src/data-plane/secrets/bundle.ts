import { recoveryLevel, refused } from '../../objects/object.ts';
import type { DeletedObjectRecord, ObjectRecord, Outcome, VaultScope } from '../../objects/object.ts';
import { checkSecret, objectLimits } from '../../objects/secret.ts';
import type { SecretParameters, SecretVersion } from '../../objects/secret.ts';
import type { Call } from '../operation.ts';

type Secret = ObjectRecord<SecretVersion>;
type DeletedSecret = DeletedObjectRecord<SecretVersion>;

/** SecretBundle, without the value where the operation does not disclose it. */
export function secretBundle(call: Call, secret: Secret, show: { readonly value: boolean }) {
  const { current } = secret;
  return {
    ...(show.value && { value: current.value }),
    id: `${call.origin}/secrets/${secret.name}/${current.version}`,
    ...secretFacts(call.vault, current),
  };
}

/** SecretItem of a list; its id names no version unless it stands for one. */
export function secretItem(call: Call, secret: Secret, version?: string) {
  const id = `${call.origin}/secrets/${secret.name}`;
  return { id: version === undefined ? id : `${id}/${version}`, ...secretFacts(call.vault, secret.current) };
}

/** What a soft-deleted secret has beside its bundle or item. */
export function deletedFacts(call: Call, secret: DeletedSecret) {
  return {
    recoveryId: `${call.origin}/deletedsecrets/${secret.name}`,
    deletedDate: secret.deletedDate,
    scheduledPurgeDate: secret.scheduledPurgeDate,
  };
}

function secretFacts(vault: VaultScope, version: SecretVersion) {
  const { enabled, notBefore, expires, created, updated } = version.attributes;
  return {
    ...(version.contentType !== undefined && { contentType: version.contentType }),
    attributes: {
      enabled,
      ...(notBefore !== undefined && { nbf: notBefore }),
      ...(expires !== undefined && { exp: expires }),
      created,
      updated,
      recoveryLevel: recoveryLevel(vault),
      recoverableDays: vault.softDeleteRetentionInDays,
    },
    ...(version.tags !== undefined && { tags: version.tags }),
  };
}

/** The name of a secret in the path: `^[0-9a-zA-Z-]{1,127}$`. */
export function secretName(call: Call): Outcome<string> {
  const name = call.params['name'] ?? '';
  if (/^[0-9a-zA-Z-]{1,127}$/.test(name)) return { ok: true, value: name };
  const message =
    `The request URI contains an invalid name: ${name.slice(0, 200)}. ` +
    `A name has 1 to ${objectLimits.name} letters, digits and hyphens.`;
  return refused({ kind: 'badParameter', message });
}

/**
 * Name and, where the path has one, version. What has not the form of a version (32 hexadecimal digits) names none that
 * exists, and can be part of no key.
 */
export function secretId(call: Call): Outcome<{ readonly name: string; readonly version: string | undefined }> {
  const name = secretName(call);
  if (!name.ok) return name;
  const version = call.params['version'] || undefined;
  const isVersion = version === undefined || /^[0-9a-f]{32}$/i.test(version);
  if (isVersion) return { ok: true, value: { name: name.value, version } };
  return refused({ kind: 'objectNotFound', collection: 'secrets', name: `${name.value}/${version.slice(0, 64)}` });
}

/** The parameters of a set or an update, with their limits checked. Members that are not known are refused by name. */
export function secretParameters(body: unknown): Outcome<SecretParameters & { readonly value?: string }> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return bad('The request body must be a JSON object.');
  const unknown = Object.keys(body).find((member) => !['value', 'contentType', 'tags', 'attributes'].includes(member));
  if (unknown !== undefined) return bad(`The member '${unknown.slice(0, 64)}' is not supported here.`);
  const { value, contentType, tags, attributes = {} }: Record<string, unknown> = { ...body };
  if (value !== undefined && typeof value !== 'string') return bad('value must be a string.');
  if (contentType !== undefined && contentType !== null && typeof contentType !== 'string') {
    return bad('contentType must be a string.');
  }
  if (tags !== undefined && tags !== null && !isStringMap(tags)) return bad('tags must be an object of strings.');
  const times = secretAttributes(attributes ?? {});
  if (!times.ok) return times;
  const parameters = {
    ...(typeof value === 'string' && { value }),
    ...(typeof contentType === 'string' && { contentType }),
    ...(isStringMap(tags) && { tags }),
    ...times.value,
  };
  const refusal = checkSecret(parameters);
  return refusal === undefined ? { ok: true, value: parameters } : refused(refusal);
}

/** What a client may set, and what only the server makes: that is ignored, for clients send it back. */
const attributeNames = new Set(['enabled', 'nbf', 'exp', 'created', 'updated', 'recoveryLevel', 'recoverableDays']);

/** `attributes` of a request. */
function secretAttributes(attributes: unknown): Outcome<Pick<SecretParameters, 'enabled' | 'notBefore' | 'expires'>> {
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    return bad('attributes must be an object.');
  }
  const unknown = Object.keys(attributes).find((member) => !attributeNames.has(member));
  if (unknown !== undefined) return bad(`The member 'attributes.${unknown.slice(0, 64)}' is not supported here.`);
  const { enabled, nbf, exp }: Record<string, unknown> = { ...attributes };
  if (enabled !== undefined && enabled !== null && typeof enabled !== 'boolean') {
    return bad('attributes.enabled must be true or false.');
  }
  for (const [name, time] of [
    ['nbf', nbf],
    ['exp', exp],
  ] as const) {
    if (time !== undefined && time !== null && !Number.isSafeInteger(time)) {
      return bad(`attributes.${name} must be a whole number of seconds since 1970.`);
    }
  }
  return {
    ok: true,
    value: {
      ...(typeof enabled === 'boolean' && { enabled }),
      ...(typeof nbf === 'number' && { notBefore: nbf }),
      ...(typeof exp === 'number' && { expires: exp }),
    },
  };
}

function isStringMap(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((member) => typeof member === 'string')
  );
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
