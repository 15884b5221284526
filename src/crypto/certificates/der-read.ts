import { tags } from './der-write.ts';
import { Malformed } from './refusal.ts';

/** One value: its tag byte, its contents, and its whole encoding. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

/**
 * Reads the values inside a constructed one, one after the other; the names are for error messages. Only DER is
 * accepted (X.690 sections 8.1 and 10.1); everything else throws `Malformed`.
 */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #name: string;
  #at = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag byte of the next value. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  any(name: string): Element {
    const found = elementAt(this.#bytes, this.#at, name);
    this.#at += found.whole.length;
    return found;
  }

  next(tag: number, name: string): Element {
    if (this.tag !== tag) throw new Malformed(`${name} is missing where ${this.#name} should have it`);
    return this.any(name);
  }

  optional(tag: number, name: string): Element | undefined {
    return this.tag === tag ? this.any(name) : undefined;
  }

  /** A reader of the values inside the next one. */
  inside(tag: number, name: string): DerReader {
    return new DerReader(this.next(tag, name).content, name);
  }

  sequence(name: string): DerReader {
    return this.inside(tags.sequence, name);
  }

  /** All remaining values. */
  *rest(tag: number, name: string): Generator<Element, void, undefined> {
    while (!this.done) yield this.next(tag, name);
  }

  objectIdentifier(name: string): string {
    return readObjectIdentifier(this.next(tags.objectIdentifier, name).content, name);
  }

  octetString(name: string): Buffer {
    return this.next(tags.octetString, name).content;
  }

  /** A BIT STRING of whole bytes. */
  bitString(name: string): Buffer {
    const { content } = this.next(tags.bitString, name);
    if (content[0] !== 0) throw new Malformed(`${name} is not a string of whole bytes`);
    return content.subarray(1);
  }

  integer(name: string): Buffer {
    return readInteger(this.next(tags.integer, name), name);
  }

  /** A number from 0 to 2^31 - 1, which is enough for everything counted here. */
  count(name: string): number {
    const bytes = this.integer(name);
    const value = bytes.length <= 4 ? bytes.readIntBE(0, bytes.length) : -1;
    if (value < 0) throw new Malformed(`${name} is out of range`);
    return value;
  }

  end(): void {
    if (!this.done) throw new Malformed(`${this.#name} has something after its end`);
  }
}

/** A reader of the sequence that makes up all of `bytes`. */
export function wholeSequence(bytes: Uint8Array, name: string): DerReader {
  const outer = new DerReader(bytes, name);
  const inner = outer.sequence(name);
  outer.end();
  return inner;
}

function elementAt(bytes: Buffer, at: number, name: string): Element {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new Malformed(`${name} is cut short`);
  if ((tag & 0x1f) === 0x1f) throw new Malformed(`${name} has a tag that no certificate uses`);
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || octets > 4) throw new Malformed(`the length of ${name} is not as DER writes it`);
  const start = at + 2 + octets;
  if (start > bytes.length) throw new Malformed(`${name} is cut short`);
  const length = octets === 0 ? first : bytes.readUIntBE(at + 2, octets);
  if (octets > 0 && length < (octets === 1 ? 0x80 : 2 ** (8 * (octets - 1)))) {
    throw new Malformed(`${name} has a length that is not in its shortest form`);
  }
  const end = start + length;
  if (end > bytes.length) throw new Malformed(`${name} is cut short`);
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}

function readInteger({ content }: Element, name: string): Buffer {
  const [first, second] = content;
  const padded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (first === undefined || padded) throw new Malformed(`${name} is not an integer as DER writes it`);
  return content;
}

/** X.690 section 8.19. */
export function readObjectIdentifier(content: Uint8Array, name: string): string {
  // Reading an arc of n bytes takes time in n squared.
  if (content.length > 64) throw new Malformed(`${name} is not an object identifier`);
  const arcs: bigint[] = [];
  let arc = 0n;
  let begun = false;
  for (const octet of content) {
    if (!begun && octet === 0x80) throw new Malformed(`${name} is not an object identifier`);
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    begun = octet >= 0x80;
    if (begun) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [joined, ...rest] = arcs;
  if (joined === undefined || begun) throw new Malformed(`${name} is not an object identifier`);
  const first = joined >= 80n ? 2n : joined / 40n;
  return [first, joined - first * 40n, ...rest].join('.');
}

/** UTCTime or GeneralizedTime, to the second and in UTC (RFC 5280 section 4.1.2.5), as seconds since 1970. */
export function readTime({ tag, content }: Element, name: string): number {
  const text = content.toString('latin1');
  const full = tag === tags.utcTime ? `${text >= '50' ? '19' : '20'}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)?.slice(1) ?? [];
  const iso = `${parts.slice(0, 3).join('-')}T${parts.slice(3).join(':')}.000Z`;
  const known = (tag === tags.utcTime || tag === tags.generalizedTime) && parts.length === 6;
  const milliseconds = known ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== iso) {
    throw new Malformed(`${name} is not a time as RFC 5280 writes it`);
  }
  return milliseconds / 1000;
}

/** The bytes as UTF-8; `undefined` if they are not UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
