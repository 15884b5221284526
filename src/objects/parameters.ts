import { refused } from './object.ts';
import type { Attributes, ObjectVersion, Outcome } from './object.ts';
import type { ObjectRefusal } from './refusal.ts';

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

/** The members from a client that every collection has; each is optional in an update. */
export interface ObjectParameters {
  readonly tags?: Readonly<Record<string, string>>;
  readonly enabled?: boolean;
  /** Seconds since 1970. */
  readonly notBefore?: number;
  readonly expires?: number;
}

type Facts = Pick<ObjectVersion, 'attributes' | 'tags'>;

/** Attributes and tags of a new version. */
export function newFacts({ tags, enabled = true, notBefore, expires }: ObjectParameters, nowSeconds: number): Facts {
  const attributes: Attributes = {
    enabled,
    ...(notBefore !== undefined && { notBefore }),
    ...(expires !== undefined && { expires }),
    created: nowSeconds,
    updated: nowSeconds,
  };
  return { attributes, ...(tags !== undefined && { tags }) };
}

/** Attributes and tags with the changes of an update. */
export function changedFacts(before: Facts, parameters: ObjectParameters, nowSeconds: number): Outcome<Facts> {
  const { tags = before.tags, enabled, notBefore, expires } = parameters;
  const attributes: Attributes = {
    ...before.attributes,
    ...(enabled !== undefined && { enabled }),
    ...(notBefore !== undefined && { notBefore }),
    ...(expires !== undefined && { expires }),
    updated: nowSeconds,
  };
  // Each time alone may be valid, and invalid together with the other one that is kept.
  const refusal = checkTimes(attributes);
  if (refusal !== undefined) return refused(refusal);
  return { ok: true, value: { attributes, ...(tags !== undefined && { tags }) } };
}

/** Checks the limits of every collection; `undefined` if they are met. */
export function checkParameters({ tags = {}, notBefore, expires }: ObjectParameters): ObjectRefusal | undefined {
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
  return checkTimes({ notBefore, expires });
}

function checkTimes({
  notBefore,
  expires,
}: {
  readonly notBefore?: number | undefined;
  readonly expires?: number | undefined;
}): ObjectRefusal | undefined {
  if (notBefore === undefined || expires === undefined || expires >= notBefore) return undefined;
  return bad(`attributes.exp (${expires}) is before attributes.nbf (${notBefore}).`);
}

function bad(message: string): ObjectRefusal {
  return { kind: 'badParameter', message };
}
