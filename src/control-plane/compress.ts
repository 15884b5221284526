import { constants, gzip } from 'node:zlib';

/** A smaller answer takes longer to compress than to send. */
const compressedFrom = 8192;
/** How many are compressed at once: they share libuv's four threads with the file system and the check of secrets. */
const atOnce = 2;
const options = { level: constants.Z_BEST_SPEED };

/**
 * Whether an answer of this size may be compressed. The length of a compressed answer tells about its contents, so that who
 * can put words beside a secret, and make a browser ask again and again, learns the secret (BREACH). Here neither is
 * possible: a read needs a bearer token, which no browser adds by itself as it adds cookies, and has no secret in it. The
 * answers that have one (`listKeys` and the like) are of POST requests, and stay as they are.
 */
export function isCompressible({ method }: { readonly method: string }, body: Buffer): boolean {
  return method === 'GET' && body.length >= compressedFrom;
}

let running = 0;

/** Compresses in another thread; gives `undefined` when enough are being compressed already, or it failed. */
export function compress(body: Buffer, done: (compressed: Buffer | undefined) => void): void {
  if (running >= atOnce) {
    done(undefined);
    return;
  }
  running += 1;
  gzip(body, options, (error, compressed) => {
    running -= 1;
    done(error === null ? compressed : undefined);
  });
}
