import { der, tags } from './der-write.ts';
import { Malformed } from './refusal.ts';

/** PKCS #12 files are never nested so deep, and the stack has room for it. */
const deepest = 64;
/** In one file; a real one has some dozens for each certificate. */
const mostValues = 20_000;

interface Decoded {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

/** Counts the values read from one file: a megabyte has room for half a million, in one turn of the event loop. */
export class ValueCount {
  #count = 0;

  add(): void {
    this.#count += 1;
    if (this.#count > mostValues) throw new Malformed(`it has more than ${mostValues} values`);
  }
}

/**
 * Turns BER into DER. PKCS #12 allows BER (RFC 7292 section 3.1), with indefinite lengths and strings in pieces, and
 * programs that write a file in one go use both. The contents of strings stay as they are.
 */
export function berToDer(ber: Uint8Array, count: ValueCount): Buffer {
  const bytes = Buffer.from(ber);
  const { tag, content, end } = decode(bytes, 0, { depth: 0, count });
  if (end !== bytes.length) throw new Malformed('there is something after its end');
  return der(tag, content);
}

interface Nesting {
  readonly depth: number;
  readonly count: ValueCount;
}

function decode(bytes: Buffer, at: number, { depth, count }: Nesting): Decoded {
  count.add();
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new Malformed('it is cut short');
  if ((tag & 0x1f) === 0x1f || depth > deepest) throw new Malformed('it has tags that such files never have');
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (octets > 4) throw new Malformed('a length in it is too large');
  const start = at + 2 + octets;
  if (start > bytes.length) throw new Malformed('it is cut short');
  const isOpen = first === 0x80;
  const end = isOpen ? bytes.length : start + (octets === 0 ? first : bytes.readUIntBE(at + 2, octets));
  if (end > bytes.length) throw new Malformed('it is cut short');
  if ((tag & 0x20) !== 0) return constructed(bytes.subarray(0, end), { tag, start, isOpen, depth, count });
  if (isOpen) throw new Malformed('a simple value in it has no length');
  return { tag, content: bytes.subarray(start, end), end };
}

function constructed(
  bytes: Buffer,
  {
    tag,
    start,
    isOpen,
    depth,
    count,
  }: Nesting & { readonly tag: number; readonly start: number; readonly isOpen: boolean },
): Decoded {
  const parts: Decoded[] = [];
  let at = start;
  while (isOpen ? !isEndOfContents(bytes, at) : at < bytes.length) {
    const part = decode(bytes, at, { depth: depth + 1, count });
    parts.push(part);
    at = part.end;
  }
  const end = isOpen ? at + 2 : at;
  if (tag !== (tags.octetString | 0x20)) {
    return { tag, content: Buffer.concat(parts.map((part) => der(part.tag, part.content))), end };
  }
  if (parts.some((part) => part.tag !== tags.octetString))
    throw new Malformed('a string has pieces that are not strings');
  return { tag: tags.octetString, content: Buffer.concat(parts.map(({ content }) => content)), end };
}

function isEndOfContents(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0;
}
