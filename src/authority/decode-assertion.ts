import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';

/** The header and claims of a JWT that a client logs in with, not verified; `undefined` for what is none. */
export function decodeAssertion(text: string):
  | {
      readonly header: ProtectedHeaderParameters & { readonly 'x5t#S256'?: unknown };
      readonly payload: JWTPayload;
    }
  | undefined {
  try {
    return { header: decodeProtectedHeader(text), payload: decodeJwt(text) };
  } catch {
    return undefined;
  }
}
