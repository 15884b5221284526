import { X509Certificate } from 'node:crypto';

const tags = { sequence: 0x30, extensions: 0xa3, boolean: 0x01 } as const;
/** 2.5.29.30 (RFC 5280 section 4.2.1.10). */
const nameConstraints = Buffer.from([0x55, 0x1d, 0x1e]);

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** Whether every certificate in `pem` is an authority that may only name `domain` and what is below it. */
export function areLimitedTo(domain: string, pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  // Nothing else may be there: a program might read what this does not.
  const isAll = blocks.join('').replace(/\s/g, '') === pem.replace(/\s/g, '');
  return isAll && blocks.length > 0 && blocks.every((block) => isLimitedTo(domain, block));
}

function isLimitedTo(domain: string, block: string): boolean {
  try {
    const { raw } = new X509Certificate(block);
    const [body] = elements(contentOf(elements(raw)[0], tags.sequence));
    const part = elements(contentOf(body, tags.sequence)).find(({ tag }) => tag === tags.extensions);
    const [list] = elements(contentOf(part, tags.extensions));
    const extensions = elements(contentOf(list, tags.sequence)).map((one) => elements(contentOf(one, tags.sequence)));
    const found = extensions.filter(([identifier]) => identifier?.content.equals(nameConstraints) === true);
    const [, critical, value] = found[0] ?? [];
    return found.length === 1 && critical?.tag === tags.boolean && value?.content.equals(constraintOf(domain)) === true;
  } catch {
    return false;
  }
}

/** The extension as our own authorities have it: one name, and no address of either family. */
function constraintOf(domain: string): Buffer {
  const name = element(0x82, Buffer.from(domain));
  const addresses = [8, 32].map((octets) => element(tags.sequence, element(0x87, Buffer.alloc(octets))));
  const permitted = element(0xa0, element(tags.sequence, name));
  return element(tags.sequence, Buffer.concat([permitted, element(0xa1, Buffer.concat(addresses))]));
}

/** One value in DER that is shorter than 128 bytes; a longer one makes the comparison fail. */
function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

function contentOf(found: Element | undefined, tag: number): Buffer {
  if (found?.tag !== tag) throw new RangeError('another structure than that of a certificate');
  return found.content;
}

/** The values in DER, one after the other. */
function elements(bytes: Buffer): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const octets = bytes.readUInt8(at + 1) < 0x80 ? 0 : bytes.readUInt8(at + 1) & 0x7f;
    const start = at + 2 + octets;
    const length = octets === 0 ? bytes.readUInt8(at + 1) : bytes.readUIntBE(at + 2, octets);
    if (start + length > bytes.length) throw new RangeError('cut short');
    found.push({ tag: bytes.readUInt8(at), content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
