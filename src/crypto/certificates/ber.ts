import { der, tags } from './der-write.ts';
import { Malformed } from './refusal.ts';

/** No PKCS #12 file nests as deep, and the stack holds it. */
const deepest = 64;

interface Decoded {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

/**
 * The same value in DER: PKCS #12 allows BER (RFC 7292 section 3.1), where a length may be left open and a string come
 * in pieces, and programs that write a file in one go use both. What is inside of strings stays as it is.
 */
export function derOf(ber: Uint8Array): Buffer {
  const bytes = Buffer.from(ber);
  const { tag, content, end } = decode(bytes, 0, 0);
  if (end !== bytes.length) throw new Malformed('something stands behind its end');
  return der(tag, content);
}

function decode(bytes: Buffer, at: number, depth: number): Decoded {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new Malformed('it is cut short');
  if ((tag & 0x1f) === 0x1f || depth > deepest) throw new Malformed('it has tags that no such file has');
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (octets > 4) throw new Malformed('it has a length that no such file has');
  const start = at + 2 + octets;
  if (start > bytes.length) throw new Malformed('it is cut short');
  const isOpen = first === 0x80;
  const end = isOpen ? bytes.length : start + (octets === 0 ? first : bytes.readUIntBE(at + 2, octets));
  if (end > bytes.length) throw new Malformed('it is cut short');
  if ((tag & 0x20) !== 0) return constructed(bytes.subarray(0, end), { tag, start, isOpen, depth });
  if (isOpen) throw new Malformed('it leaves the length of a simple value open');
  return { tag, content: bytes.subarray(start, end), end };
}

function constructed(
  bytes: Buffer,
  {
    tag,
    start,
    isOpen,
    depth,
  }: { readonly tag: number; readonly start: number; readonly isOpen: boolean; readonly depth: number },
): Decoded {
  const parts: Decoded[] = [];
  let at = start;
  while (isOpen ? !isEndOfContents(bytes, at) : at < bytes.length) {
    const part = decode(bytes, at, depth + 1);
    parts.push(part);
    at = part.end;
  }
  const end = isOpen ? at + 2 : at;
  if (tag !== (tags.octetString | 0x20)) {
    return { tag, content: Buffer.concat(parts.map((part) => der(part.tag, part.content))), end };
  }
  if (parts.some((part) => part.tag !== tags.octetString)) throw new Malformed('a string has pieces that are none');
  return { tag: tags.octetString, content: Buffer.concat(parts.map(({ content }) => content)), end };
}

function isEndOfContents(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0;
}
