import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Cipheriv, Decipheriv } from 'node:crypto';
import type { Envelope } from './customer-key.ts';

/** The size in bytes of SQLite's pages, and of the page before them. */
export const pageSize = 4096;

/** A database at rest. */
export interface PageFile {
  /** In clear, in the first page. */
  readonly envelope: Envelope;
  /** Encrypted. */
  readonly pages: Buffer;
}

/** The first page is the envelope, as JSON before zeros. The pages after it are the database's own. */
export function toFile({ envelope, pages }: PageFile): Buffer {
  const first = Buffer.alloc(pageSize);
  first.write(JSON.stringify(envelope));
  return Buffer.concat([first, pages]);
}

export function fromFile(file: Buffer): PageFile {
  const first = file.toString('utf8', 0, pageSize);
  const envelope: Envelope = JSON.parse(first.slice(0, first.indexOf('\0')));
  return { envelope, pages: file.subarray(pageSize) };
}

/** In bytes: XTS takes two AES-256 keys, of which one encrypts the place of a block. */
export const pageKeySize = 64;

/** AES-256-XTS, as disks are encrypted: a page stays as long as it is, and the same page looks different at another place. */
export function encryptPages(key: Buffer, pages: Buffer): Buffer {
  return eachPage(pages, (place) => createCipheriv('aes-256-xts', key, place));
}

/** Reverses `encryptPages`. Nothing shows whether a page was changed meanwhile: only the database notices. */
export function decryptPages(key: Buffer, pages: Buffer): Buffer {
  return eachPage(pages, (place) => createDecipheriv('aes-256-xts', key, place));
}

function eachPage(pages: Buffer, cipherAt: (place: Buffer) => Cipheriv | Decipheriv): Buffer {
  const done: Buffer[] = [];
  for (let start = 0; start < pages.length; start += pageSize) {
    const place = Buffer.alloc(16);
    place.writeUInt32LE(start / pageSize);
    const cipher = cipherAt(place);
    done.push(cipher.update(pages.subarray(start, start + pageSize)), cipher.final());
  }
  return Buffer.concat(done);
}
