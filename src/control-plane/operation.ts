import type { BoundedJson } from '../json/bounded-json.ts';
import type { RuleProfile } from '../firewall/profiles.ts';
import type { Answer } from '../http/answer.ts';
import type { NameSet } from '../http/name-set.ts';
import type { PrincipalChange } from '../resources/principals.ts';
import type { Rulebook } from '../rulebook/rulebook.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';
import type { Access } from './access.ts';
import type { Within } from './inner-request.ts';
import type { Accepted } from './long-running/operation.ts';
import type { ControlRefusal } from './refusal.ts';
import type { VaultObjects } from './vault-objects/objects.ts';

/** An operation of the resource manager, whole on one card. */
export interface ControlOperation {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /**
   * Below the resource manager's origin, in Fastify's notation; after `{scope}`, which stands for a subscription's id and
   * any id below it. `{resource}` is any resource, `{resources}` any list, of types without operations of their own:
   * `action` is the last part of the type's.
   */
  readonly path: string;
  /** What the caller must be allowed to do, as role definitions name it. */
  readonly action: string;
  /** What does as well in its place. */
  readonly orAction?: string;
  /**
   * Of a list: it shows what the caller may see (`visible`: may do the action on), whoever may see anything below its
   * scope; or what is the caller's own, whoever that is (`own`).
   */
  readonly shows?: 'visible' | 'own';
  /** The operation's name in the vault's audit log; only operations on vaults have one (logging.md). */
  readonly audit?: string;
  /** How its body is read, where it is not simply JSON. */
  readonly parseBody?: (body: unknown) => ParsedBody;
  readonly run: (call: ControlCall) => Promise<ControlOutcome>;
}

/** A body's JSON: `undefined` for none. */
export type ParsedBody = BoundedJson;

export interface ControlCall {
  /** What is read from it, is read on the word of what admitted the request. */
  readonly store: Store;
  readonly rulebook: Rulebook;
  readonly profile: RuleProfile;
  readonly publicAddressPool: string;
  /** Whether answers are changed as Azure changes them, instead of giving back what was sent. */
  readonly azureNormalization: boolean;
  /** The subscription of the path; for a path without one, the first of the caller's tenant. */
  readonly subscription: SubscriptionRecord;
  readonly caller: Caller;
  /** What else the caller may do. */
  readonly access: Access;
  readonly names: NameSet;
  /** The path that was asked for, in the form of an ARM id (`ControlRoute`). */
  readonly path: string;
  readonly apiVersion: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The header `If-Match`. */
  readonly ifMatch: string | undefined;
  /** The header `If-None-Match`. */
  readonly ifNoneMatch: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly newId: () => string;
  readonly objects: VaultObjects;
  /** For what goes on after the answer, and for what is asked of other operations. */
  readonly within: Within;
}

export type ControlOutcome =
  | {
      readonly ok: true;
      readonly answer: Answer;
      readonly change?: Transaction;
      /** The service principals that the change makes, changes and removes: each has a record in the directory's log. */
      readonly principals?: readonly PrincipalChange[];
      /** What goes on after the answer, or can be asked for later. */
      readonly accepted?: Accepted;
      readonly recordedAs?: RecordedAs;
    }
  | { readonly ok: false; readonly refusal: ControlRefusal; readonly recordedAs?: RecordedAs };

/** How an operation stands in the vault's audit log, where its card alone does not say it. */
export interface RecordedAs {
  readonly operationName: string;
  /** ARM id of the vault, where the path does not name it. */
  readonly resourceId?: string;
}
