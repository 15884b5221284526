import { recoveryLevel, refused } from '../objects/object.ts';
import type { ObjectVersion, Outcome, VaultScope } from '../objects/object.ts';
import type { Collection } from '../types/collection.ts';
import type { Call } from './operation.ts';

/** The name of an object in the path: `^[0-9a-zA-Z-]{1,127}$`. */
export function objectName(call: Call): Outcome<string> {
  const name = call.params['name'] ?? '';
  if (/^[0-9a-zA-Z-]{1,127}$/.test(name)) return { ok: true, value: name };
  return refused({ kind: 'badParameter', message: `The request URI contains an invalid name: ${name.slice(0, 200)}` });
}

/**
 * Name and, where the path has one, version. What has not the form of a version (32 hexadecimal digits) names none that
 * exists, and can be part of no key.
 */
export function objectId(
  call: Call,
  collection: Collection,
): Outcome<{ readonly name: string; readonly version: string | undefined }> {
  const name = objectName(call);
  if (!name.ok) return name;
  const version = call.params['version'] || undefined;
  const isVersion = version === undefined || /^[0-9a-f]{32}$/i.test(version);
  if (isVersion) return { ok: true, value: { name: name.value, version } };
  return refused({ kind: 'objectNotFound', collection, name: `${name.value}/${version.slice(0, 64)}` });
}

/** `attributes` and `tags` of an answer, as every collection has them. */
export function objectFacts(vault: VaultScope, { attributes, tags }: ObjectVersion) {
  const { enabled, notBefore, expires, created, updated } = attributes;
  return {
    attributes: {
      enabled,
      ...(notBefore !== undefined && { nbf: notBefore }),
      ...(expires !== undefined && { exp: expires }),
      created,
      updated,
      recoveryLevel: recoveryLevel(vault),
      recoverableDays: vault.softDeleteRetentionInDays,
    },
    ...(tags !== undefined && { tags }),
  };
}
