import type { VaultInForce } from '../../rulebook/rulebook.ts';
import type { Caller } from '../../types/caller.ts';
import type { Source } from '../../types/source.ts';
import type { Refusal } from '../refusal.ts';

/** What an error's wording may speak of, as far as the request got. */
export interface ErrorContext {
  readonly source: Source;
  readonly vault: VaultInForce | undefined;
  readonly caller: Caller | undefined;
  /** `https://NAME.vault.localhost:8443`, under the names that were asked. */
  readonly origin: string;
  /** The first part of the token's JWT as it came, cut to a length that a log can bear; it holds no secret. */
  readonly encodedTokenHeader: string;
  /** `iss` values whose tokens this vault accepts, for AKV10032. */
  readonly acceptedIssuers: readonly string[];
}

export interface WireError<R> {
  readonly status: number;
  /** Some codes name the collection. */
  readonly code: string | ((refusal: R) => string);
  readonly innererror?: string | ((refusal: R) => string | undefined);
  readonly message: (refusal: R, context: ErrorContext) => string;
}

export type Kind = Refusal['kind'];
export type OfKind<K extends Kind> = { readonly [P in Kind]: Extract<Refusal, { readonly kind: P }> }[K];
export type Errors = { readonly [K in Kind]: WireError<OfKind<K>> };

/** `countsGroups`: as Azure has it, since 2024, where an access policy of one of the groups would have done. */
export function callerLine(
  { caller }: ErrorContext,
  { countsGroups = false }: { readonly countsGroups?: boolean } = {},
): string {
  if (caller === undefined) return 'unknown';
  const { applicationId, objectId, issuer, groups } = caller;
  const counted = countsGroups && groups.length > 0 ? `numgroups=${groups.length};` : '';
  return `${applicationId === undefined ? '' : `appid=${applicationId};`}oid=${objectId};${counted}iss=${issuer}`;
}

export function vaultLine({ vault }: ErrorContext): string {
  return vault === undefined ? 'unknown' : `${vault.name};location=${vault.location}`;
}

/** Azure ends the lines of its messages so. */
export function lines(...parts: readonly string[]): string {
  return parts.join('\r\n');
}

/** What belongs to a certificate is changed with it. Azure writes the one noun large and the other one small. */
export function managedMessage(operation: string, noun: 'Key' | 'secret'): string {
  return (
    `Operation "${operation}" is not allowed on this ${noun}, since it is associated with a certificate. Perform the ` +
    'operation on the corresponding certificate. For more information refer to ' +
    'https://docs.microsoft.com/en-us/azure/key-vault/certificates/about-certificates#composition-of-a-certificate'
  );
}
