import type { Attributes } from './object.ts';

/** The `attributes` of what an audit record says of an object. */
export function auditedAttributes({ enabled, notBefore, expires }: Attributes) {
  return {
    enabled,
    ...(notBefore !== undefined && { nbf: notBefore }),
    ...(expires !== undefined && { exp: expires }),
  };
}
