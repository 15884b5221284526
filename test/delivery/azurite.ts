import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { freePort } from '../world/free-port.ts';

/** Microsoft's emulator of a storage account, in a process of its own. */
export interface Azurite extends AsyncDisposable {
  readonly account: string;
  readonly sharedKey: string;
  readonly port: number;
  readonly endpoint: string;
  /** Every blob of the container `insights-logs-auditevent`, by name, read by Azure's own client. */
  readonly blobs: () => Promise<ReadonlyMap<string, string>>;
  /** Deletes that container. */
  readonly deleteContainer: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** The emulator's own account; its key is in Microsoft's documentation. */
const account = 'devstoreaccount1';
const sharedKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const program = join(import.meta.dirname, '../../node_modules/azurite/dist/src/blob/main.js');

/** Starts it on a free port, with a folder of its own. */
export async function startAzurite(): Promise<Azurite> {
  const location = mkdtempSync(join(tmpdir(), 'postern-azurite-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}/${account}`;
  let child: ChildProcess | undefined;
  const start = async () => {
    const options = ['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--location', location];
    child = spawn(process.execPath, [program, '--blobPort', String(port), ...options], { stdio: 'ignore' });
    await answering(port);
  };
  const stop = async () => {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    child = undefined;
  };
  await start();
  return {
    account,
    sharedKey,
    port,
    endpoint,
    blobs: () => readBlobs(endpoint),
    deleteContainer: async () => void (await containerOf(endpoint).delete()),
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(location, { recursive: true, force: true });
    },
  };
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const answers = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answers) return;
    await pause(100);
  }
  throw new Error('Azurite does not listen');
}

function containerOf(endpoint: string) {
  const client = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, sharedKey));
  return client.getContainerClient('insights-logs-auditevent');
}

async function readBlobs(endpoint: string): Promise<ReadonlyMap<string, string>> {
  const container = containerOf(endpoint);
  const blobs = new Map<string, string>();
  if (!(await container.exists())) return blobs;
  for await (const { name } of container.listBlobsFlat()) {
    blobs.set(name, (await container.getBlobClient(name).downloadToBuffer()).toString());
  }
  return blobs;
}
