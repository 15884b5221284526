import type { CryptoAnswer, CryptoOperation, CryptoRequest, KeyCurve, KeyMaterial } from '../../types/key.ts';
import type { KeyInUse } from './key-in-use.ts';

/** A parameter of a request besides its value. */
export type Parameter = 'iv' | 'additionalData' | 'tag';

export type Perform<M extends KeyMaterial> = (key: KeyInUse<M>, request: CryptoRequest) => CryptoAnswer;

export type Operations<M extends KeyMaterial> = Readonly<Partial<Record<CryptoOperation, Perform<M>>>>;

/** An entry of the table: which keys the algorithm is for, which parameters it takes and what it does. */
export interface Algorithm {
  fits(material: KeyMaterial): boolean;
  /** The keys' curve, for an algorithm that is for one curve only. */
  readonly curve?: KeyCurve;
  serves(operation: CryptoOperation): boolean;
  readonly parameters: readonly Parameter[];
  /** `undefined` where the key does not fit or the operation is not served. */
  perform(operation: CryptoOperation, key: KeyInUse, request: CryptoRequest): CryptoAnswer | undefined;
}

/** The entry of an algorithm for the keys that `fits` accepts. */
export function algorithm<M extends KeyMaterial>(
  fits: (material: KeyMaterial) => material is M,
  operations: Operations<M>,
  parameters: readonly Parameter[] = [],
): Algorithm {
  const isOurs = (key: KeyInUse): key is KeyInUse<M> => fits(key.material);
  return {
    fits,
    serves: (operation) => operations[operation] !== undefined,
    parameters,
    perform: (operation, key, request) => (isOurs(key) ? operations[operation]?.(key, request) : undefined),
  };
}
