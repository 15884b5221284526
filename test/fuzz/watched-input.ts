/** The targets to fuzz, one after the other, and for how long. */
export interface FuzzPlan {
  readonly names: readonly string[];
  readonly seed: number;
  /** How many inputs for each, besides the samples. */
  readonly runs?: number | undefined;
  /** How long each. */
  readonly minutes?: number | undefined;
  /** Only this input. */
  readonly input?: Uint8Array | undefined;
  /** The URL of the module with `targets`; by default `targets.ts`. */
  readonly module?: string;
  /** After how long an input counts as endless: no input takes so long, even on a busy machine. */
  readonly hangMs?: number;
}

export interface FuzzResult {
  readonly name: string;
  /** Inputs that were read. */
  readonly count: number;
  /** The most processor time of one of them. */
  readonly slowestMs: number;
  readonly failure?: { readonly why: string; readonly input: Uint8Array };
}

const mostBytes = 1 << 20;
const headBytes = 8;

/** Shared memory in which one thread puts the input that it is about to read, and another finds it. */
export function inputMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(headBytes + mostBytes);
}

export function publish(memory: SharedArrayBuffer, input: Uint8Array, count: number): void {
  const kept = input.subarray(0, mostBytes);
  const head = new Int32Array(memory, 0, 2);
  new Uint8Array(memory, headBytes).set(kept);
  Atomics.store(head, 1, kept.length);
  Atomics.store(head, 0, count);
}

/** The input that is being read, and its number; 0 before the first. */
export function published(memory: SharedArrayBuffer): { readonly count: number; readonly input: Uint8Array } {
  const head = new Int32Array(memory, 0, 2);
  const length = Atomics.load(head, 1);
  return { count: Atomics.load(head, 0), input: Uint8Array.from(new Uint8Array(memory, headBytes, length)) };
}
