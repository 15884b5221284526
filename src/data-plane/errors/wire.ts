import type { VaultInForce } from '../../rulebook/rulebook.ts';
import type { Caller } from '../../types/caller.ts';
import type { Source } from '../../types/source.ts';
import type { Refusal } from '../refusal.ts';

/** The facts about a request that the message of an error may have, as far as they are known. */
export interface ErrorFacts {
  readonly source: Source;
  readonly vault: VaultInForce | undefined;
  readonly caller: Caller | undefined;
  /** `https://NAME.vault.localhost:8443`, in the domain that the client used. */
  readonly origin: string;
  /** The token's header, still encoded and cut to a length that suits a log. It holds no secret. */
  readonly encodedTokenHeader: string;
  /** The `iss` values whose tokens this vault accepts, for AKV10032. */
  readonly acceptedIssuers: readonly string[];
}

export interface WireError<R> {
  readonly status: number;
  /** Some codes name the collection. */
  readonly code: string | ((refusal: R) => string);
  readonly innererror?: string | ((refusal: R) => string | undefined);
  readonly message: (refusal: R, context: ErrorFacts) => string;
}

export type Kind = Refusal['kind'];
export type OfKind<K extends Kind> = { readonly [P in Kind]: Extract<Refusal, { readonly kind: P }> }[K];
export type Errors = { readonly [K in Kind]: WireError<OfKind<K>> };

/** `countsGroups`: since 2024 Azure gives the number of groups where an access policy for one of them would suffice. */
export function callerLine(
  { caller }: ErrorFacts,
  { countsGroups = false }: { readonly countsGroups?: boolean } = {},
): string {
  if (caller === undefined) return 'unknown';
  const { applicationId, objectId, issuer, groups, managedIdentity, usedBy } = caller;
  const counted = countsGroups && groups.length > 0 ? `numgroups=${groups.length};` : '';
  return `${applicationId === undefined ? '' : `appid=${applicationId};`}oid=${objectId};${counted}iss=${issuer}${named('xms_mirid', managedIdentity)}${named('xms_az_rid', usedBy)}`;
}

function named(claim: string, value: string | undefined): string {
  return value === undefined ? '' : `;${claim}=${value}`;
}

export function vaultLine({ vault }: ErrorFacts): string {
  return vault === undefined ? 'unknown' : `${vault.name};location=${vault.location}`;
}

/** Azure separates the lines of its messages by CRLF. */
export function lines(...parts: readonly string[]): string {
  return parts.join('\r\n');
}

/** A certificate's own key and secret are changed with it. Azure capitalizes only one of the two nouns. */
export function managedMessage(operation: string, noun: 'Key' | 'secret'): string {
  return (
    `Operation "${operation}" is not allowed on this ${noun}, since it is associated with a certificate. Perform the ` +
    'operation on the corresponding certificate. For more information refer to ' +
    'https://docs.microsoft.com/en-us/azure/key-vault/certificates/about-certificates#composition-of-a-certificate'
  );
}
