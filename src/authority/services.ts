import type { NameSet } from '../http/host.ts';
import type { Store } from '../store/store.ts';
import type { KeySource } from '../caller/key-sources.ts';
import type { SecretCheck } from '../directory/secret.ts';
import type { AssertionUse, AssertionUses } from './assertion-uses.ts';
import type { Codes } from './authorization-codes.ts';
import type { Devices } from './device-codes.ts';
import type { IdentityBindings } from './identity-bindings.ts';
import type { OpaqueTokens } from './opaque-tokens.ts';
import type { Attempts } from './sign-in-attempts.ts';
import type { SigningKeys } from './signing-keys.ts';

/** The services of the authority. */
export interface AuthorityServices {
  readonly store: Store;
  /** Whether other nodes use the store, too. */
  readonly shared?: boolean | undefined;
  readonly signingKeys: SigningKeys;
  /** The tenants that exist here: GUIDs in lower case. */
  readonly tenants: readonly string[];
  /** The only tenant with users, which `organizations` and `common` mean. */
  readonly homeTenant: string;
  readonly opaqueTokens: OpaqueTokens;
  /** The keys of an issuer that the operator added; `undefined` for any other. */
  readonly externalKeys: (issuer: string) => KeySource | undefined;
  /** The identities that running workloads were started with. */
  readonly identityBindings: Pick<IdentityBindings, 'at'>;
  /** Whether tokens are issued for that resource, in exactly this spelling. */
  readonly isResource: (resource: string) => boolean;
  /**
   * All sets of names that name the same authority as this one, itself included. A client assertion may be for any of
   * them. Azure's names and our own do not vouch for each other: outside the fabric Azure's are another's.
   */
  readonly sameAuthority: (names: NameSet) => readonly NameSet[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new random GUID. */
  readonly newId: () => string;
}

type Verdict = ReturnType<AssertionUses['use']>;

/** The services, and what the authority remembers between requests. */
export interface Authority extends AuthorityServices {
  readonly secretCheck: SecretCheck;
  readonly assertionUses: { use(use: AssertionUse): Verdict | Promise<Verdict> };
  readonly attempts: Attempts;
  readonly deviceCodes: Devices;
  readonly authorizationCodes: Codes;
}
