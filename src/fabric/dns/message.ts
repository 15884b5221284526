/** A question of a DNS query (RFC 1035 section 4.1.2). */
export interface Question {
  /** Labels in lower case, without the root's empty one. A byte that is not printable ASCII is written `\ddd`. */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
}

/** The codes of RFC 1035 section 4.1.1 that are used here. */
export const responseCodes = { noError: 0, formatError: 1, nameError: 3, notImplemented: 4, refused: 5 } as const;
export type ResponseCode = keyof typeof responseCodes;

/** A query, or why it is answered with an error; `undefined` for what gets no answer at all. */
export type ReadQuery =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'refused'; readonly id: number; readonly head: number; readonly code: ResponseCode };

export interface Query {
  readonly id: number;
  /** The second 16 bits of the header: opcode and recursion desired are copied to the answer. */
  readonly head: number;
  readonly question: Question;
  /** The bytes of the question as they came, which the answer repeats: a client may compare the case of letters. */
  readonly asked: Uint8Array;
  /** Whether it has an OPT record (RFC 6891), so that the answer has one too. */
  readonly extended: boolean;
}

const headerLength = 12;
const labelMax = 63;
const nameMax = 255;
const optType = 41;
/** Bits of the second 16 bits of the header. */
const [response, opcodeMask, recursionDesired, recursionAvailable, authoritative] = [
  0x8000, 0x7800, 0x0100, 0x0080, 0x0400,
];

/**
 * Reads a query of one message. What is itself a response, or too short for a header, gets no answer: answers to those
 * could go round for ever. Anything after the question but one OPT record is a format error.
 */
export function readQuery(message: Uint8Array): ReadQuery | undefined {
  if (message.length < headerLength) return undefined;
  const [id, head] = [uint16(message, 0), uint16(message, 2)];
  if ((head & response) !== 0) return undefined;
  const refuse = (code: ResponseCode): ReadQuery => ({ kind: 'refused', id, head, code });
  if ((head & opcodeMask) !== 0) return refuse('notImplemented');
  const [questions, answers, authorities] = [uint16(message, 4), uint16(message, 6), uint16(message, 8)];
  if (questions !== 1 || answers !== 0 || authorities !== 0) return refuse('formatError');
  const name = readName(message, headerLength);
  if (name === undefined || name.end + 4 > message.length) return refuse('formatError');
  const end = name.end + 4;
  const question = { labels: name.labels, type: uint16(message, name.end), class: uint16(message, name.end + 2) };
  const extended = readAdditional(message, end);
  if (extended === undefined) return refuse('formatError');
  return { kind: 'query', query: { id, head, question, asked: message.slice(headerLength, end), extended } };
}

/** A name without compression, which has nothing to point at in the first question of a message. */
function readName(message: Uint8Array, start: number): { readonly labels: string[]; readonly end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > labelMax || at + length - start >= nameMax) return undefined;
    at += 1;
    if (length === 0) return { labels, end: at };
    if (at + length > message.length) return undefined;
    labels.push(labelText(message.subarray(at, at + length)));
    at += length;
  }
}

/** A label in lower case (RFC 4343). Dots and backslashes in it are escaped, as RFC 1035 section 5.1 writes them. */
function labelText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCodePoint(byte).toLowerCase();
    return byte > 0x20 && byte < 0x7f && character !== '.' && character !== '\\'
      ? character
      : `\\${byte.toString().padStart(3, '0')}`;
  }).join('');
}

/** Whether there is an OPT record; `undefined` if there is anything else. Its options mean nothing here. */
function readAdditional(message: Uint8Array, start: number): boolean | undefined {
  const records = uint16(message, 10);
  if (records === 0) return start === message.length ? false : undefined;
  // Root name, type, payload size, flags, length of the options.
  const length = 11;
  if (records !== 1 || start + length > message.length || message[start] !== 0) return undefined;
  if (uint16(message, start + 1) !== optType) return undefined;
  return start + length + uint16(message, start + 9) === message.length ? true : undefined;
}

interface Answer {
  readonly code: ResponseCode;
  /** IPv4 addresses, for a question of type A. */
  readonly addresses: readonly number[];
}

/** How long a client may keep an answer. The addresses of a fabric never change. */
const ttlSeconds = 60;
/** The payload that an answer says it takes over UDP (RFC 6891 section 6.2.5). */
const payloadBytes = 1232;
/** A pointer to the name of the question (RFC 1035 section 4.1.4). */
const questionPointer = 0xc0_00 | headerLength;

/** The message that answers a query: some addresses, or none. It is always shorter than 512 bytes. */
export function writeAnswer({ id, head, asked, extended }: Query, { code, addresses }: Answer): Uint8Array {
  const records = addresses.flatMap((address) => [
    ...bytes16(questionPointer, 1, 1, ttlSeconds >>> 16, ttlSeconds & 0xffff, 4, address >>> 16, address & 0xffff),
  ]);
  const option = extended ? [0, ...bytes16(optType, payloadBytes, 0, 0, 0)] : [];
  const counts = bytes16(1, addresses.length, 0, extended ? 1 : 0);
  return Uint8Array.from([...bytes16(id, answerHead(head, code)), ...counts, ...asked, ...records, ...option]);
}

/** The message that refuses a query: a header without a question. */
export function writeRefusal(id: number, head: number, code: ResponseCode): Uint8Array {
  return Uint8Array.from([...bytes16(id, answerHead(head, code)), ...bytes16(0, 0, 0, 0)]);
}

function answerHead(head: number, code: ResponseCode): number {
  const copied = head & (opcodeMask | recursionDesired);
  return response | copied | authoritative | recursionAvailable | responseCodes[code];
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function bytes16(...values: readonly number[]): number[] {
  return values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
}
