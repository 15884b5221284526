import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import { isBoundedToken } from '../caller/token-json.ts';

/** The header and claims of a JWT that a client logs in with, not verified; `undefined` for what is none. */
export function decodeAssertion(text: string):
  | {
      readonly header: ProtectedHeaderParameters & { readonly 'x5t#S256'?: unknown };
      readonly payload: JWTPayload;
    }
  | undefined {
  if (!isBoundedToken(text)) return undefined;
  try {
    const [header, payload] = [decodeProtectedHeader(text), decodeJwt(text)];
    return isTextIn(header, 'kid') && isTyped(payload) ? { header, payload } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the claims that are looked at have the types of RFC 7519 section 4.1, which the decoder takes for granted. */
function isTyped(payload: JWTPayload): boolean {
  const aud: unknown = payload.aud;
  const isAudience = aud === undefined || [aud].flat().every((one) => typeof one === 'string');
  return isAudience && ['iss', 'sub', 'jti'].every((name) => isTextIn(payload, name));
}

function isTextIn(members: object, name: string): boolean {
  const value: unknown = Object.hasOwn(members, name) ? Reflect.get(members, name) : undefined;
  return value === undefined || typeof value === 'string';
}
