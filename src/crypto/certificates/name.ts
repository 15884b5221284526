import { DerReader, readObjectIdentifier, utf8 } from './der-read.ts';
import { der, objectIdentifier, sequence, set, tags } from './der-write.ts';
import { attributeTypes, attributeByIdentifier, attributeByName, tagOf } from './name-attributes.ts';
import type { AttributeType } from './name-attributes.ts';
import { Malformed, outcomeOf, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';

const most = 4_000;

/**
 * Sticky: the type of one attribute, and its value in one of the three forms of RFC 4514 section 3 and RFC 1779. Only
 * ASCII spaces around a value are ignored; most other white space in Unicode may be part of it.
 */
const typeOf = /[ \t\r\n]*(?:OID\.)?(?<type>[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)[ \t\r\n]*=[ \t\r\n]*/iy;
const valueOf =
  /#(?<hex>(?:[0-9a-f]{2})+)[ \t\r\n]*|"(?<quoted>(?:[^"\\]|\\.|"")*)"[ \t\r\n]*|(?![#"])(?<plain>(?:[^"\\,;+<>]|\\.)*)/isy;

/** The DER of an X.500 name in the form of RFC 4514. Use it to check a subject. */
export function encodeName(text: string): Outcome<Uint8Array> {
  return outcomeOf('certificate', () => nameToDer(text));
}

/** The same, but it throws. The string begins with the most specific part, DER with the least specific. */
export function nameToDer(text: string): Buffer {
  if (text.length > most) throw badSubject(`has ${text.length} characters; at most ${most} are allowed.`);
  const parts: Buffer[][] = [];
  let joins = false;
  for (let at = 0; at < text.length || parts.length > 0;) {
    const attribute = attributeAt(text, at);
    const part = joins ? parts.at(-1) : undefined;
    if (part === undefined) parts.push([attribute.encoded]);
    else part.push(attribute.encoded);
    at = attribute.end;
    if (at === text.length) break;
    joins = text[at] === '+';
    at += 1;
  }
  return sequence(...parts.toReversed().map((part) => set(...part)));
}

/** A name with only a common name, which is not checked; names from outside go through `nameToDer`. */
export function commonName(text: string): Buffer {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), der(tags.utf8String, Buffer.from(text)))));
}

function attributeAt(text: string, start: number): { readonly encoded: Buffer; readonly end: number } {
  typeOf.lastIndex = start;
  const { type } = typeOf.exec(text)?.groups ?? {};
  if (type === undefined) {
    const left = quoted(text.slice(start, start + 40).trim());
    throw badSubject(`has ${left} where NAME=value is expected, as in CN=www.example.com, O=Contoso.`);
  }
  const attribute = attributeByName(type);
  if (attribute === undefined) {
    const names = attributeTypes.map(({ name }) => name).join(', ');
    throw badSubject(`names an unknown attribute ${type}. Known are ${names}, and any object identifier.`);
  }
  valueOf.lastIndex = typeOf.lastIndex;
  const { hex, quoted: inQuotes, plain } = valueOf.exec(text)?.groups ?? unreadable(text, type);
  const end = valueOf.lastIndex;
  if (!/^[,;+]?$/.test(text.charAt(end))) {
    throw badSubject(`${quoted(text)} has an unexpected ${text[end]} at character ${end + 1}.`);
  }
  const identifier = objectIdentifier(attribute.identifier);
  if (hex !== undefined) return { encoded: sequence(identifier, rawValue(hex, type)), end };
  const value = unescaped(inQuotes ?? trimmed(plain ?? ''));
  if (value === undefined) throw badSubject(`gives ${type} a value with escapes that are not UTF-8.`);
  return { encoded: sequence(identifier, encodedValue(attribute, type, value)), end };
}

function unreadable(text: string, type: string): never {
  throw badSubject(
    `${quoted(text)} gives ${type} a value that begins with # or ". Put a backslash before it, or end it as it begins.`,
  );
}

/** The DER of a value in hexadecimal, for values that have no string form (RFC 4514 section 2.4). */
function rawValue(hex: string, type: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  try {
    const reader = new DerReader(bytes, type);
    reader.any(type);
    reader.end();
    return bytes;
  } catch (error) {
    if (error instanceof Malformed) throw badSubject(`gives ${type} a value in hexadecimal that is not DER.`);
    throw error;
  }
}

function encodedValue(attribute: AttributeType, type: string, value: string): Buffer {
  const { allowed, most: longest, name } = attribute;
  if (value === '') throw badSubject(`gives ${type} no value.`);
  if (!allowed.pattern.test(value)) throw badSubject(`gives ${type} the value ${quoted(value)}; ${allowed.rule}.`);
  const { length } = Array.from(value);
  if (length > longest) {
    throw badSubject(`gives ${type} ${length} characters; RFC 5280 allows ${name} at most ${longest}.`);
  }
  return der(tagOf(attribute, value), Buffer.from(value));
}

/** Spaces around a value are not part of it, unless the last one is escaped. */
function trimmed(plain: string): string {
  const value = plain.replace(/[ \t\r\n]+$/, '');
  const backslashes = value.length - value.replace(/\\+$/, '').length;
  return backslashes % 2 === 0 ? value : value + plain.charAt(value.length);
}

/** `\,` and the like become the character, `\C3\A9` bytes of UTF-8, and `""` inside quotes one quote. */
function unescaped(text: string): string | undefined {
  const pieces = text.matchAll(/\\(?<byte>[0-9a-f]{2})|\\(?<escaped>.)|"(?<escaped>")|(?<literal>[^\\"]+)/gis);
  const bytes = Array.from(pieces, ({ groups }) =>
    groups?.['byte'] === undefined
      ? Buffer.from(groups?.['escaped'] ?? groups?.['literal'] ?? '')
      : Buffer.from(groups['byte'], 'hex'),
  );
  return utf8(Buffer.concat(bytes));
}

/** The string form of a name in DER. `nameToDer` turns it into an equal name (RFC 5280 section 7.1). */
export function nameFromDer(name: Uint8Array): string {
  const outer = new DerReader(name, 'a name');
  const parts = Array.from(outer.sequence('a name').rest(tags.set, 'a part of a name'), ({ content }) => {
    const attributes = Array.from(new DerReader(content, 'a part of a name').rest(tags.sequence, 'an attribute'));
    if (attributes.length === 0) throw new Malformed('a part of a name is empty');
    return attributes.map((attribute) => textOfAttribute(attribute.content)).join(' + ');
  });
  outer.end();
  return parts.toReversed().join(', ');
}

function textOfAttribute(content: Uint8Array): string {
  const reader = new DerReader(content, 'an attribute');
  const identifier = readObjectIdentifier(reader.next(tags.objectIdentifier, 'its type').content, 'its type');
  const value = reader.any('the value of an attribute');
  reader.end();
  const known = attributeByIdentifier(identifier);
  const text = textDecoders[value.tag]?.(value.content);
  if (text === undefined || text === '') return `${known?.name ?? identifier}=#${value.whole.toString('hex')}`;
  return `${known?.name ?? identifier}=${escaped(text)}`;
}

const textDecoders: Readonly<Record<number, (content: Buffer) => string | undefined>> = {
  [tags.utf8String]: utf8,
  [tags.printableString]: (content) => content.toString('latin1'),
  [tags.ia5String]: (content) => content.toString('latin1'),
  // NumericString, TeletexString (which in practice has Latin-1), VisibleString.
  0x12: (content) => content.toString('latin1'),
  0x14: (content) => content.toString('latin1'),
  0x1a: (content) => content.toString('latin1'),
  // BMPString.
  0x1e: (content) => (content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined),
};

/** RFC 4514 section 2.4; control characters are always escaped, so that a name stays on one line. */
function escaped(text: string): string {
  return text
    .replaceAll(/["+,;<>\\]/g, String.raw`\$&`)
    .replace(/(?<!^) $/, String.raw`\ `)
    .replace(/^[ #]/, String.raw`\$&`)
    .replaceAll(/\p{Cc}/gu, (character) =>
      Buffer.from(character)
        .toString('hex')
        .replaceAll(/../g, String.raw`\$&`),
    );
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function badSubject(detail: string): Refused {
  return new Refused({ kind: 'badSubject', detail });
}
