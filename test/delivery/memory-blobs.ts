import type { Appended, BlobState, BlobStore } from '../../src/delivery/blob-store.ts';
import { DeliveryFailed } from '../../src/delivery/failed.ts';

interface Blob {
  bytes: Buffer;
  blocks: number;
}

/** Append blobs in memory, by the rules of Azure's. */
export class MemoryBlobs implements BlobStore {
  readonly target = 'memory';
  readonly blocksMax: number;
  readonly blobs = new Map<string, Blob>();
  /** Called before and after each call has its effect; may throw. */
  at: (when: string) => void = () => {};

  constructor(blocksMax = 50_000) {
    this.blocksMax = blocksMax;
  }

  async open(blob: string): Promise<BlobState> {
    this.at('before open');
    const found = this.blobs.get(blob) ?? { bytes: Buffer.alloc(0), blocks: 0 };
    this.blobs.set(blob, found);
    this.at('after open');
    return { length: found.bytes.length, blocks: found.blocks };
  }

  async append(blob: string, at: number, bytes: Buffer): Promise<Appended> {
    this.at('before append');
    const found = this.blobs.get(blob);
    if (found?.bytes.length !== at) return { kind: 'moved' };
    if (found.blocks >= this.blocksMax) return { kind: 'full' };
    found.bytes = Buffer.concat([found.bytes, bytes]);
    found.blocks += 1;
    this.at('after append');
    return { kind: 'appended', blocks: found.blocks };
  }

  async has(blob: string, at: number, bytes: Buffer): Promise<boolean> {
    this.at('before has');
    return (
      this.blobs
        .get(blob)
        ?.bytes.subarray(at, at + bytes.length)
        .equals(bytes) ?? false
    );
  }

  text(blob: string): string {
    return this.blobs.get(blob)?.bytes.toString() ?? '';
  }
}

/** Fails at the nth moment at which something may happen, and only then. */
export function failsAt(nth: number): { readonly at: (when: string) => void; readonly happened: () => boolean } {
  let moments = 0;
  return {
    at(when) {
      moments += 1;
      if (moments === nth) throw new DeliveryFailed(`the test lets it fail ${when}`);
    },
    happened: () => moments >= nth,
  };
}
