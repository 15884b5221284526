import type { Requirement, Store, Transaction } from '../../store/store.ts';
import type { ObjectAnswer, ObjectRequest, ObjectPage, PageRequest } from '../../types/vault-object.ts';

/** The operations on secrets and keys that the data plane gives to the control plane. */
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

export type Change = (asked: Asked) => Promise<ObjectAnswer<Transaction>>;
export type List = (asked: Asked & PageRequest) => Promise<ObjectPage>;

interface Asked extends ObjectRequest {
  readonly store: Store;
  readonly require: readonly Requirement[];
}
