import type { CryptoAnswer, CryptoOperation, CryptoRequest, KeyCurve, KeyMaterial } from '../../types/key.ts';
import type { KeyInUse } from './key-in-use.ts';

/** What a request may carry besides its value. */
export type Parameter = 'iv' | 'additionalData' | 'tag';

export type Perform<M extends KeyMaterial> = (key: KeyInUse<M>, request: CryptoRequest) => CryptoAnswer;

export type Operations<M extends KeyMaterial> = Readonly<Partial<Record<CryptoOperation, Perform<M>>>>;

/** A row of the table: for which keys an algorithm is, what it takes and what it does. */
export interface Algorithm {
  fits(material: KeyMaterial): boolean;
  /** Of the keys that it is for, where that alone decides among those of the family. */
  readonly curve?: KeyCurve;
  serves(operation: CryptoOperation): boolean;
  readonly parameters: readonly Parameter[];
  /** `undefined` where it does not fit or serve. */
  perform(operation: CryptoOperation, key: KeyInUse, request: CryptoRequest): CryptoAnswer | undefined;
}

/** The row of an algorithm whose keys `fits` tells. */
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
