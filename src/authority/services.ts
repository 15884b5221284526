import type { Store } from '../store/store.ts';
import type { KeySource } from '../caller/key-sources.ts';
import type { SecretCheck } from '../directory/secret.ts';
import type { AssertionUses } from './assertion-uses.ts';
import type { AuthorizationCodes } from './authorization-codes.ts';
import type { DeviceCodes } from './device-codes.ts';
import type { OpaqueTokens } from './opaque-tokens.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What the authority is given. */
export interface AuthorityServices {
  readonly store: Store;
  readonly signingKeys: SigningKeys;
  /** The tenants that it serves: GUIDs in lower case. */
  readonly tenants: readonly string[];
  /** The one of them that has users, which `organizations` and `common` mean. */
  readonly homeTenant: string;
  readonly opaqueTokens: OpaqueTokens;
  /** The keys of an issuer that the operator added, `undefined` for any other. */
  readonly externalKeys: (issuer: string) => KeySource | undefined;
  /** Whether tokens are issued for that resource, spelt as it was asked for. */
  readonly isResource: (resource: string) => boolean;
  /** Origins of the authority in all name sets (`https://localhost:8443`): a client assertion may be made out to any of them. */
  readonly authorities: () => readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new random GUID. */
  readonly newId: () => string;
}

/** The same, with what the authority remembers about those who logged in. */
export interface Authority extends AuthorityServices {
  readonly secretCheck: SecretCheck;
  readonly assertionUses: AssertionUses;
  readonly attempts: SignInAttempts;
  readonly deviceCodes: DeviceCodes;
  readonly authorizationCodes: AuthorizationCodes;
}
