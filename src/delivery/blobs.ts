import { BoundedMap } from '../shares/bounded-map.ts';
import { blobName, blobPart } from './blob-name.ts';
import type { BlobStore } from './blob-store.ts';
import type { Destination, Shipment } from './destination.ts';
import type { LogLine } from './line-head.ts';
import type { Piece } from './sink-state.ts';

/** Append Block takes 4 MiB with any version of the protocol. */
const blockBytesMax = 4 << 20;

/** How many blobs are appended to at the same time. */
const atOnce = 8;

const knownMax = 10_000;

interface Known {
  readonly part: number;
  readonly length: number;
  readonly blocks: number;
}

/**
 * Delivers records to append blobs, exactly once. Before anything is sent, it is written down which bytes go to which
 * position of which blob. A position that is taken means that they were sent before, perhaps by a process that was
 * killed, if the bytes there are the same; otherwise another writer has appended, and they go to the new end.
 */
export class Blobs implements Destination {
  readonly target: string;
  readonly partBytesMax = blockBytesMax;
  readonly #store: BlobStore;
  readonly #known = new BoundedMap<string, Known>(knownMax);

  constructor(store: BlobStore) {
    this.#store = store;
    this.target = store.target;
  }

  async deliver({ records, pieces, writeDown }: Shipment): Promise<{ readonly refused: number }> {
    let plan = pieces;
    const planned = plan && new Set(plan.map(({ base }) => base));
    // A blob that the plan of a begun part does not name was appended to before.
    let outstanding = new Map([...contentsOf(records)].filter(([base]) => planned?.has(base) ?? true));
    while (outstanding.size > 0) {
      if (plan === undefined) {
        plan = await inTurns([...outstanding], ([base, bytes]) => this.#plan(base, bytes));
        writeDown(plan);
      }
      const left = await inTurns(plan, async (piece) => {
        const bytes = outstanding.get(piece.base);
        if (bytes === undefined) return undefined;
        // Another length: another program has changed the log since, and the plan is not for these bytes.
        const isPlanned = bytes.length === piece.bytes;
        return isPlanned && (await this.#append(piece, bytes)) ? undefined : piece.base;
      });
      const again = new Set(left);
      outstanding = new Map([...outstanding].filter(([base]) => again.has(base)));
      plan = undefined;
    }
    return { refused: 0 };
  }

  /** Where to append: at the end of the hour's last blob. */
  async #plan(base: string, bytes: Buffer): Promise<Piece> {
    const known = this.#known.get(base);
    let part = known?.part ?? 1;
    let state = known ?? (await this.#store.open(blobPart(base, part)));
    while (state.blocks >= this.#store.blocksMax) {
      part += 1;
      state = await this.#store.open(blobPart(base, part));
    }
    this.#known.set(base, { part, ...state });
    return { base, blob: blobPart(base, part), at: state.length, bytes: bytes.length };
  }

  /** False: the bytes belong elsewhere. */
  async #append({ base, blob, at }: Piece, bytes: Buffer): Promise<boolean> {
    const appended = await this.#store.append(blob, at, bytes);
    const known = this.#known.get(base);
    if (appended.kind === 'appended') {
      const part = known?.part ?? 1;
      if (blobPart(base, part) === blob)
        this.#known.set(base, { part, length: at + bytes.length, blocks: appended.blocks });
      return true;
    }
    this.#known.delete(base);
    if (await this.#store.has(blob, at, bytes)) return true;
    if (appended.kind === 'full') {
      this.#known.set(base, { part: known?.part ?? 1, length: 0, blocks: this.#store.blocksMax });
    }
    return false;
  }
}

/** The bytes for each blob, in the order of the log. */
function contentsOf(records: readonly LogLine[]): Map<string, Buffer> {
  const newline = Buffer.from('\n');
  const grouped = Map.groupBy(records, blobName);
  return new Map(
    [...grouped].map(([base, lines]) => [base, Buffer.concat(lines.flatMap(({ bytes }) => [bytes, newline]))]),
  );
}

/** The results of all, of which a few run at the same time. After a failure no more are begun. */
async function inTurns<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const waiting = all.entries();
  let failed = false;
  const lane = async () => {
    for (const [index, one] of waiting) {
      if (failed) return;
      try {
        results[index] = await work(one);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: atOnce }, lane));
  for (const one of lanes) if (one.status === 'rejected') throw one.reason;
  return results;
}
