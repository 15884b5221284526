import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { endChild, startChild } from './child.ts';

/** The account and key that every Azurite has (its README, "Default Storage Account"). */
const account = 'devstoreaccount1';
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** Microsoft's emulator of Azure Storage, with its data in a folder, and the official client for it. */
export async function startAzurite(folder: string): Promise<{ readonly blobs: BlobServiceClient } & AsyncDisposable> {
  const port = await freePort();
  const program = fileURLToPath(new URL('../../../node_modules/.bin/azurite-blob', import.meta.url));
  const options = [
    '--blobPort',
    String(port),
    '--location',
    folder,
    '--silent',
    '--skipApiVersionCheck',
    '--disableTelemetry',
  ];
  const child = startChild(process.execPath, [program, ...options]);
  child.stderr.pipe(process.stderr);
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('Azurite did not start.')));
  await Promise.race([once(child.stdout, 'data'), ended]);
  child.stdout.resume();
  const credential = new StorageSharedKeyCredential(account, accountKey);
  return {
    blobs: new BlobServiceClient(`http://127.0.0.1:${port}/${account}`, credential),
    [Symbol.asyncDispose]: () => endChild(child),
  };
}

/** A port of loopback on which nothing listens, below those that the kernel gives to connections. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(10_000, 32_768);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error('No port of loopback is free.');
}
