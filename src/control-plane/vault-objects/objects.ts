import type { Requirement, Store, Transaction } from '../../store/store.ts';
import type { VaultRecord } from '../../types/vault.ts';

/** What the control plane is given of the vaults' objects; the data plane has their rules. */
export interface VaultObjects {
  readonly setSecret: Change;
  readonly updateSecret: Change;
  readonly getSecret: Change;
  readonly createKey: Change;
  readonly getKey: Change;
  readonly listSecrets: List;
  readonly listKeys: List;
  readonly listKeyVersions: List;
}

export type Change = (asked: ObjectAsked) => Promise<ObjectAnswer>;
export type List = (asked: ObjectPageAsked) => Promise<ObjectPage>;

export interface ObjectAsked {
  readonly store: Store;
  readonly vault: VaultRecord;
  readonly require: readonly Requirement[];
  readonly origin: string;
  readonly apiVersion: string;
  readonly now: number;
  readonly name: string;
  readonly version?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

interface ObjectPageAsked extends ObjectAsked {
  readonly after: string | undefined;
  readonly limit: number;
}

interface ObjectPage {
  readonly items: readonly ResourceObject[];
  readonly next?: string;
}

/** Neither a value nor key material is in it. */
export interface ResourceObject {
  readonly name: string;
  readonly version: string;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

type ObjectAnswer =
  | { readonly ok: true; readonly value: ResourceObject; readonly change?: Transaction }
  | { readonly ok: false; readonly status: number; readonly message: string };
