import { array, number, object, optional, string, boolean } from '../shape/shape.ts';
import type { Shaped } from '../shape/shape.ts';
import { readPlain, replaceFile } from './durable-file.ts';

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
  /** The end of the part of the log that is being appended to blobs, which of its records (`runsOf`), and where. */
  intent: optional(object({ to: position, runs: array(number), pieces: array(piece) })),
  /** `Routes.stored` */
  spans: array(object({ resourceId: string, fromMs: number, untilMs: optional(number) })),
  /** Since the sink was added. */
  records: number,
  deliveredAt: optional(string),
  failure: optional(object({ message: string, since: string })),
  gaps: number,
});

/** How far the delivery to a sink is, as it is written down: `sinks/NAME.json` beside the log. */
export type SinkState = Shaped<typeof sinkState>;
export type Piece = Shaped<typeof piece>;

/** Reads a state. `undefined`: there is none. `unreadable`: a broken disk or another program has spoiled it. */
export function readState(path: string): SinkState | 'unreadable' | undefined {
  try {
    const read = sinkState(JSON.parse(readPlain(path)));
    return read.ok ? read.value : 'unreadable';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : 'unreadable';
  }
}

/** The state is on the disk when it returns; when it throws, the one before is. */
export function writeState(path: string, state: SinkState): void {
  replaceFile(path, `${JSON.stringify(state)}\n`);
}
