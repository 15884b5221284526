import { refused } from './object.ts';
import type { Attributes, ObjectRefusal, ObjectVersion, Outcome } from './object.ts';

/** One version of a secret. */
export interface SecretVersion extends ObjectVersion {
  readonly value: string;
  readonly contentType?: string;
}

/** What a client may say of a secret; every member is optional in an update. */
export interface SecretParameters {
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly enabled?: boolean;
  readonly notBefore?: number;
  readonly expires?: number;
}

/** Limits of objects (about-keys-secrets-certificates, about-secrets); a secret's value in bytes, the others in characters. */
export const objectLimits = {
  name: 127,
  secretValueBytes: 25 * 1024,
  contentType: 255,
  tags: 15,
  tagName: 512,
  tagValue: 512,
  pageSize: 25,
} as const;

/** A new version of a secret. `now` in seconds. */
export function newSecretVersion(
  parameters: SecretParameters & { readonly value: string },
  made: { readonly version: string; readonly now: number },
): SecretVersion {
  const { value, contentType, tags, enabled = true, notBefore, expires } = parameters;
  const attributes: Attributes = {
    enabled,
    ...(notBefore !== undefined && { notBefore }),
    ...(expires !== undefined && { expires }),
    created: made.now,
    updated: made.now,
  };
  return {
    version: made.version,
    value,
    attributes,
    ...(contentType !== undefined && { contentType }),
    ...(tags !== undefined && { tags }),
  };
}

/** A version with what an update says of it changed, and the rest as it was. `now` in seconds. */
export function updateSecretVersion(
  before: SecretVersion,
  parameters: SecretParameters,
  now: number,
): Outcome<SecretVersion> {
  const { contentType, tags, enabled, notBefore, expires } = parameters;
  const attributes: Attributes = {
    ...before.attributes,
    ...(enabled !== undefined && { enabled }),
    ...(notBefore !== undefined && { notBefore }),
    ...(expires !== undefined && { expires }),
    updated: now,
  };
  // Each time alone may be right, and wrong beside the one that stands.
  const refusal = checkTimes(attributes);
  if (refusal !== undefined) return refused(refusal);
  return {
    ok: true,
    value: {
      ...before,
      ...(contentType !== undefined && { contentType }),
      ...(tags !== undefined && { tags }),
      attributes,
    },
  };
}

/** Checks the limits of a secret's parameters; `undefined` when they hold. */
export function checkSecret(parameters: SecretParameters & { readonly value?: string }): ObjectRefusal | undefined {
  const { value, contentType, tags = {} } = parameters;
  const bytes = value === undefined ? 0 : Buffer.byteLength(value);
  if (bytes > objectLimits.secretValueBytes) {
    return bad(`The secret's value has ${bytes} bytes; at most ${objectLimits.secretValueBytes} are allowed.`);
  }
  if (contentType !== undefined && contentType.length > objectLimits.contentType) {
    return bad(`contentType has ${contentType.length} characters; at most ${objectLimits.contentType} are allowed.`);
  }
  const names = Object.keys(tags);
  if (names.length > objectLimits.tags) {
    return bad(`There are ${names.length} tags; at most ${objectLimits.tags} are allowed.`);
  }
  const long = names.find(
    (name) => name.length > objectLimits.tagName || (tags[name] ?? '').length > objectLimits.tagValue,
  );
  if (long !== undefined) {
    return bad(`The tag '${long.slice(0, 64)}' is too long; name and value may have 512 characters each.`);
  }
  return checkTimes(parameters);
}

function checkTimes({ notBefore, expires }: Pick<Attributes, 'notBefore' | 'expires'>): ObjectRefusal | undefined {
  if (notBefore === undefined || expires === undefined || expires >= notBefore) return undefined;
  return bad(`attributes.exp (${expires}) is before attributes.nbf (${notBefore}).`);
}

function bad(message: string): ObjectRefusal {
  return { kind: 'badParameter', message };
}
