import { isIPv4, isIPv6 } from 'node:net';
import type { AlternativeNames } from '../../types/certificate.ts';
import { DerReader, utf8, wholeSequence } from './der-read.ts';
import type { Element } from './der-read.ts';
import { der, explicit, implicit, objectIdentifier, sequence, tags } from './der-write.ts';
import { Malformed, Refused } from './refusal.ts';

/** A user principal name, Microsoft's type of otherName ([MS-WCCE] section 2.2.2.7.5). */
const userPrincipalName = '1.3.6.1.4.1.311.20.2.3';

/** One kind of GeneralName (RFC 5280 section 4.2.1.6): how a string is checked and encoded, and read again. */
interface Kind {
  readonly tag: number;
  readonly rule: string;
  readonly accepts: (text: string) => boolean;
  readonly encode: (text: string) => Buffer;
  /** `undefined` for a name of another kind with this tag. */
  readonly decode: (content: Buffer) => string | undefined;
}

const kinds: Readonly<Record<keyof AlternativeNames, Kind>> = {
  dnsNames: {
    tag: 0x82,
    rule: 'is not a DNS name of ASCII letters, digits and hyphens, such as www.example.com or *.example.com',
    accepts: (text) => text.length <= 253 && /^(?:\*\.)?(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*$/i.test(text),
    encode: (text) => implicit(2, Buffer.from(text)),
    decode: ia5,
  },
  emails: {
    tag: 0x81,
    rule: 'is not an e-mail address in ASCII, such as someone@example.com',
    accepts: (text) => text.length <= 254 && /^[!-?A-~]+@[!-?A-~]+$/.test(text),
    encode: (text) => implicit(1, Buffer.from(text)),
    decode: ia5,
  },
  upns: {
    tag: 0xa0,
    rule: 'is not a user principal name, such as someone@example.com',
    accepts: (text) => text.length <= 1024 && /^[^@\p{Cc}]+@[^@\p{Cc}]+$/u.test(text),
    encode: (text) =>
      explicit(0, objectIdentifier(userPrincipalName), explicit(0, der(tags.utf8String, Buffer.from(text)))),
    decode: otherName,
  },
  ipAddresses: {
    tag: 0x87,
    rule: 'is not an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1',
    accepts: (text) => isIPv4(text) || (isIPv6(text) && !text.includes('%')),
    encode: (text) => implicit(7, addressBytes(text)),
    decode: addressText,
  },
  uris: {
    tag: 0x86,
    rule: 'is not an absolute URI in ASCII, such as https://example.com/path',
    accepts: (text) => /^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(text) && text.length <= 2048,
    encode: (text) => implicit(6, Buffer.from(text)),
    decode: ia5,
  },
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets what the type of `kinds` says
const kindNames = Object.keys(kinds) as (keyof AlternativeNames)[];

/** The GeneralNames, or `undefined` if there are none. */
export function encodeAlternativeNames(sans: {
  readonly [K in keyof AlternativeNames]?: AlternativeNames[K] | undefined;
}): Buffer | undefined {
  const names = kindNames.flatMap((name) => (sans[name] ?? []).map((text) => generalName(kinds[name], text)));
  return names.length === 0 ? undefined : sequence(...names);
}

function generalName(kind: Kind, text: string): Buffer {
  if (kind.accepts(text)) return kind.encode(text);
  throw new Refused({ kind: 'badAlternativeName', detail: `${JSON.stringify(text.slice(0, 260))} ${kind.rule}.` });
}

/** Names of other kinds, such as directory names, have no place in Azure's policy and are left out. */
export function decodeAlternativeNames(value: Uint8Array): AlternativeNames {
  const elements: Element[] = [];
  const names = wholeSequence(value, 'the subject alternative name');
  while (!names.done) elements.push(names.any('an alternative name'));
  const of = ({ tag, decode }: Kind) =>
    elements.filter((element) => element.tag === tag).flatMap(({ content }) => decode(content) ?? []);
  return {
    dnsNames: of(kinds.dnsNames),
    emails: of(kinds.emails),
    upns: of(kinds.upns),
    ipAddresses: of(kinds.ipAddresses),
    uris: of(kinds.uris),
  };
}

function ia5(content: Buffer): string {
  if (content.some((octet) => octet >= 0x80)) throw new Malformed('an alternative name is not ASCII');
  return content.toString('latin1');
}

function otherName(content: Buffer): string | undefined {
  const reader = new DerReader(content, 'an alternative name');
  if (reader.objectIdentifier('the type of an alternative name') !== userPrincipalName) return undefined;
  const value = reader.inside(0xa0, 'a user principal name');
  return utf8(value.next(tags.utf8String, 'a user principal name').content);
}

/** Four or sixteen bytes, in network order. */
function addressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  // A URL writes each IPv6 address in one form, without an IPv4 part.
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const [before, after] = [head, tail ?? ''].map((groups) => groups.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - (before?.length ?? 0) - (after?.length ?? 0) }, () => '0');
  const groups = [...(before ?? []), ...zeros, ...(after ?? [])];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function addressText(content: Buffer): string {
  if (content.length === 4) return content.join('.');
  if (content.length !== 16) throw new Malformed('an alternative name is not an IP address');
  const groups = content.toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
