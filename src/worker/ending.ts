import type { Server as HttpServer } from 'node:http';
import type { Drain, DrainTimes } from '../http/http-server.ts';
import type { Ingress } from '../ingress/ingress.ts';
import type { Readers } from './readers/readers.ts';

/** Less in total than the ten seconds that Docker gives a container between SIGTERM and SIGKILL. */
export const drainTimes = { quiet: 1_000, most: 7_000 };
/** Of a node, whose clients have others to go to. */
export const drainTimesOfNode = { quiet: 1_000, most: 30_000 };
/** A balancer that asks every second has been told twice by then. */
export const noticedMs = 3_000;
/** Shorter without a supervisor, because the next worker may already be waiting for the database. */
export const drainTimesOfOrphan = { quiet: 1_000, most: 2_000 };

interface Closeable {
  close(): Promise<void>;
}

export interface EndingParts {
  readonly ingress: Ingress;
  readonly http: readonly HttpServer[];
  readonly connections: Drain;
  /** Requests that wait for something to happen. */
  readonly waits: { end(): void };
  /** The processes that answer reads beside this one. They end by themselves, and need this one until then. */
  readonly readers?: Pick<Readers, 'gone' | 'close'> | undefined;
  /** In the order of closing: the store comes last, because the others use it. */
  readonly closeables: readonly Closeable[];
}

export interface Ending extends Closeable {
  /** Makes each answer end its connection from now on; connections are still accepted. */
  announce(): void;
  /** Stops accepting connections, and lets requests in flight finish. Returns how many connections were cut off at the time limit. */
  drain(times: DrainTimes): Promise<number>;
  /**
   * Ends every connection and all work at once. A failure does not keep the rest open: the first one is thrown when
   * everything was tried.
   */
  close(): Promise<void>;
}

/** Ends a server. */
export function ending({ ingress, http, connections, waits, readers, closeables }: EndingParts): Ending {
  return {
    announce: () => connections.announce(),
    async drain(times) {
      ingress.stopAccepting();
      waits.end();
      const gone = readers?.gone(times.most);
      const cut = await connections.drain(times, () => ingress.connections.total);
      await gone;
      return cut;
    },
    async close() {
      waits.end();
      ingress.closeAll();
      readers?.close();
      for (const server of http) {
        server.closeAllConnections();
        server.close();
      }
      const failures: unknown[] = [];
      for (const closeable of closeables) await closeable.close().catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}
