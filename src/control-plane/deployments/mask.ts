import { isObject } from '../../templates/value.ts';
import type { Value } from '../../templates/value.ts';
import type { ArmError } from '../long-running/operation.ts';

export type Mask = (text: string) => string;

/** Shorter secrets are masked only as whole strings: they occur in other strings by chance. */
const searchedLengthMin = 6;
const stars = '*****';

/**
 * Masks the values of secret parameters in strings that are stored, logged or answered. `before` is the mask of the
 * deployment around this one.
 */
export function maskOf(secrets: readonly string[], before: Mask | undefined): Mask {
  return (text) =>
    secrets.reduce(
      (masked, secret) => {
        if (masked === secret) return stars;
        return secret.length < searchedLengthMin ? masked : masked.replaceAll(secret, () => stars);
      },
      before === undefined ? text : before(text),
    );
}

export function maskValue(value: Value, mask: Mask): Value {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item: Value) => maskValue(item, mask));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [mask(name), maskValue(item, mask)]));
}

export function maskError(error: ArmError, mask: Mask): ArmError {
  const { target, details } = error;
  return {
    ...error,
    message: mask(error.message),
    ...(target !== undefined && { target: mask(target) }),
    ...(details !== undefined && { details: details.map((detail) => maskError(detail, mask)) }),
  };
}

/** Whether the id or api-version of a resource contains a secret: both are logged. */
export function revealsSecret(
  { id, apiVersion }: { readonly id: string; readonly apiVersion: string },
  mask: Mask,
): boolean {
  return mask(id) !== id || mask(apiVersion) !== apiVersion;
}

/** A template without the default values of its secure parameters and those of nested deployments. */
export function withoutSecureDefaults(template: Value): Value {
  if (Array.isArray(template)) return template.map(withoutSecureDefaults);
  if (!isObject(template)) return template;
  const { type } = template;
  const secure = typeof type === 'string' && /^secure(?:string|object)$/i.test(type);
  return Object.fromEntries(
    Object.entries(template)
      .filter(([name]) => !(secure && name.toLowerCase() === 'defaultvalue'))
      .map(([name, value]) => [name, withoutSecureDefaults(value)]),
  );
}
