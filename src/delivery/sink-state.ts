import { closeSync, constants, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { array, number, object, optional, string, boolean } from '../shape/shape.ts';
import type { Shaped } from '../shape/shape.ts';

const fileId = object({ head: string, firstTime: string });
const position = object({ file: fileId, offset: number });

/** Bytes that are about to be appended: how long the blob was, and by how much it will be longer. */
const piece = object({ base: string, blob: string, at: number, bytes: number });

const sinkState = object({
  sink: string,
  /** Where it sends to, without anything secret. */
  target: string,
  position: optional(position),
  /** Records of requests since then are delivered, by the server's clock; 0 when the first one was. */
  sinceMs: number,
  /** Whether everything was delivered when the server stopped. */
  atEnd: boolean,
  /** The end of the part of the log that is being appended to blobs, and where. */
  intent: optional(object({ to: position, pieces: array(piece) })),
  /** Since the sink was added. */
  records: number,
  deliveredAt: optional(string),
  failure: optional(object({ message: string, since: string })),
  gaps: number,
});

/** How far the delivery to a sink is, as it is written down: `sinks/NAME.json` beside the log. */
export type SinkState = Shaped<typeof sinkState>;
export type Piece = Shaped<typeof piece>;

/** Reads a state. `undefined`: there is none, or a crash or another program has spoiled it. */
export function readState(path: string): SinkState | undefined {
  try {
    const read = sinkState(JSON.parse(readFileSync(path, 'utf8')));
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}

/** The state is on the disk when it returns, whole or as it was before. */
export function writeState(path: string, state: SinkState): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  const fresh = `${path}.new`;
  const descriptor = openSync(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(state)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, path);
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
