import type { RuleProfile } from '../firewall/profiles.ts';
import type { Answer } from '../http/answer.ts';
import type { NameSet } from '../http/name-set.ts';
import type { Rulebook } from '../rulebook/rulebook.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';
import type { Access } from './access.ts';
import type { ControlRefusal } from './refusal.ts';

/** An operation of the resource manager, whole on one card. */
export interface ControlOperation {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /**
   * Below the resource manager's origin, in Fastify's notation; after `{scope}`, which stands for a subscription's id and
   * any id below it.
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
  readonly run: (call: ControlCall) => Promise<ControlOutcome>;
}

export interface ControlCall {
  /** What is read from it, is read on the word of what admitted the request. */
  readonly store: Store;
  readonly rulebook: Rulebook;
  readonly profile: RuleProfile;
  /** The subscription of the path; for a path without one, the first of the caller's tenant. */
  readonly subscription: SubscriptionRecord;
  readonly caller: Caller;
  /** What else the caller may do. */
  readonly access: Access;
  readonly names: NameSet;
  /** The path as it was asked, without its query. */
  readonly path: string;
  readonly apiVersion: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The header `If-Match`. */
  readonly ifMatch: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly newId: () => string;
  /** Destroys what purged vaults left. */
  readonly clearPurged: () => Promise<void>;
}

export type ControlOutcome =
  | {
      readonly ok: true;
      readonly answer: Answer;
      readonly change?: Transaction;
      readonly afterwards?: () => Promise<void>;
    }
  | { readonly ok: false; readonly refusal: ControlRefusal };
