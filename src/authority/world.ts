import type { FastifyRequest } from 'fastify';
import type { Store } from '../store/store.ts';
import type { KeySource } from '../caller/key-sources.ts';
import type { SecretCheck } from '../directory/secret.ts';
import type { Source } from '../types/source.ts';
import type { AssertionUses } from './assertion-uses.ts';
import type { AuthorizationCodes } from './authorization-codes.ts';
import type { DeviceCodes } from './device-codes.ts';
import type { SignInAudit } from './failed-sign-in.ts';
import type { OpaqueTokens } from './opaque-tokens.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What the authority is given. */
export interface AuthorityWorld {
  readonly store: Store;
  readonly signingKeys: SigningKeys;
  /** The tenants that it serves: GUIDs in lower case. */
  readonly tenants: readonly string[];
  /** The one of them that has users, which `organizations` and `common` mean. */
  readonly homeTenant: string;
  readonly opaqueTokens: OpaqueTokens;
  readonly audit: SignInAudit;
  /** The keys of an issuer that the operator added, `undefined` for any other. */
  readonly externalKeys: (issuer: string) => KeySource | undefined;
  /** What the ingress proved about where a request came from. */
  readonly sourceOf: (request: FastifyRequest) => Source;
  /** Whether tokens are issued for that resource, spelt as it was asked for. */
  readonly isResource: (resource: string) => boolean;
  /** Origin of the authority in the name set that the request asked (`https://localhost:8443`); `undefined` when none matches. */
  readonly authorityOf: (request: FastifyRequest) => string | undefined;
  /** The same of every name set: a client assertion may be made out to any of them. */
  readonly authorities: () => readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new random GUID. */
  readonly newId: () => string;
  /** The detail of a failure of ours; its id is the correlation id of the answer. */
  readonly logError: (error: unknown, correlationId: string) => void;
}

/** The same, with what the authority remembers about those who logged in. */
export interface Authority extends AuthorityWorld {
  readonly secretCheck: SecretCheck;
  readonly assertionUses: AssertionUses;
  readonly attempts: SignInAttempts;
  readonly deviceCodes: DeviceCodes;
  readonly authorizationCodes: AuthorizationCodes;
}
