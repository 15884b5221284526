/**
 * Readers in the process of the test, so that they have the clock that the test moves. They alone accept clients there:
 * each request that a reader cannot answer goes to the worker over the real connection.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Ingress } from '../../src/ingress/ingress.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { settingsOfReader } from '../../src/supervisor/readers.ts';
import type { OpenFolder } from '../../src/worker/folder.ts';
import { openReader } from '../../src/worker/readers/open-reader.ts';
import type { OpenedReader } from '../../src/worker/readers/open-reader.ts';
import { withReaders } from '../../src/worker/readers/with-readers.ts';
import type { Server, ServerParts } from '../../src/worker/server.ts';

interface Around {
  readonly folder: OpenFolder;
  readonly data: string;
  readonly settings: Settings;
  readonly now: () => number;
  readonly log: Logger;
}

export interface TestReaders {
  /** The worker's part of them, for `openServer`. */
  readonly ofWorker: Pick<ServerParts, 'readers' | 'store'>;
  /** Resolves when each answers: what accepts its connections. */
  readonly open: (server: Pick<Server, 'readers'>) => Promise<readonly Ingress[]>;
  readonly close: () => Promise<void>;
}

const epoch = 1;

export function readersOf({ folder, data, settings, now, log }: Around): TestReaders {
  const readFile = (path: string) => readFileSync(resolve(data, path), 'utf8');
  const numbers = Array.from({ length: settings.readers }, (_, index) => index + 1);
  const common = { settings: settingsOfReader(settings), epoch, entry: data, channel: join(data, 'readers.sock') };
  const opened: OpenedReader[] = [];
  return {
    ofWorker: withReaders(folder, { epoch, settings, readFile, log }),
    async open(server) {
      await server.readers?.listen({ path: common.channel });
      for (const reader of numbers) opened.push(await openReader({ ...common, reader, now, log }));
      return opened.map(({ ingress }) => ingress);
    },
    close: async () => void (await Promise.all(opened.map((reader) => reader.close()))),
  };
}
