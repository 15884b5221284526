import type { LogLine } from './line-head.ts';
import type { Piece } from './sink-state.ts';

/** A part of the log on its way. */
export interface Shipment {
  readonly fileHead: string;
  /** Those of the part that the sink wants. */
  readonly records: readonly LogLine[];
  /** The plan that was written down before, if this part was begun already. */
  readonly pieces: readonly Piece[] | undefined;
  /** Writes down what is about to be done. */
  readonly writeDown: (pieces: readonly Piece[]) => void;
}

/** Where a sink's records go. */
export interface Destination {
  /** For the operator; without anything secret. */
  readonly target: string;
  /** The most bytes of the log that it takes at once. */
  readonly partBytesMax: number;
  /**
   * Resolves when all records are there, with how many of them the destination refused for ever.
   * @throws {DeliveryFailed} then it is called again with the same part, and with what was written down
   */
  deliver(shipment: Shipment): Promise<{ readonly refused: number }>;
}
