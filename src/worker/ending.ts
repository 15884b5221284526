import type { Server as HttpServer } from 'node:http';
import type { Drain, DrainTimes } from '../http/drain.ts';
import type { Ingress } from '../ingress/ingress.ts';

interface Closeable {
  close(): Promise<void>;
}

export interface EndingParts {
  readonly ingress: Ingress;
  readonly http: HttpServer;
  readonly connections: Drain;
  /** What works or is rested on, in the order in which it is closed: the store last. */
  readonly closeables: readonly Closeable[];
}

export interface Ending extends Closeable {
  /** Accepts no more, and lets what is in flight be answered. Returns how many connections the bound cuts short. */
  drain(times: DrainTimes): Promise<number>;
  /** Ends every connection, and all work, at once. */
  close(): Promise<void>;
}

/** How a server ends. */
export function ending({ ingress, http, connections, closeables }: EndingParts): Ending {
  return {
    drain(times) {
      ingress.stopAccepting();
      return connections.drain(times, () => ingress.openConnections);
    },
    async close() {
      ingress.closeAll();
      http.closeAllConnections();
      http.close();
      for (const closeable of closeables) await closeable.close();
    },
  };
}
