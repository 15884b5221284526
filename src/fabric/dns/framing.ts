/** Messages of DNS over TCP: each has its length in 16 bits before it (RFC 1035 section 4.2.2). */
export interface Framed {
  readonly messages: readonly Uint8Array[];
  /** The bytes of a message that is not complete yet. */
  readonly rest: Uint8Array;
  /** Whether the connection has to end: its next message is longer than any query. */
  readonly tooLong: boolean;
}

/** A query has one question and one OPT record; nothing that a client asks here is longer. */
const queryBytesMax = 4_096;

/** Takes the complete messages from the bytes of a connection. */
export function unframe(bytes: Uint8Array): Framed {
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (length > queryBytesMax) return { messages, rest: bytes.subarray(at), tooLong: true };
    if (at + 2 + length > bytes.length) break;
    messages.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return { messages, rest: bytes.subarray(at), tooLong: false };
}

/** A message with its length before it. */
export function frame(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >>> 8, message.length & 0xff, ...message]);
}
