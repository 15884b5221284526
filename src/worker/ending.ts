import type { Server as HttpServer } from 'node:http';
import type { Drain, DrainTimes } from '../http/http-server.ts';
import type { Ingress } from '../ingress/ingress.ts';

interface Closeable {
  close(): Promise<void>;
}

export interface EndingParts {
  readonly ingress: Ingress;
  readonly http: HttpServer;
  readonly connections: Drain;
  /** In the order in which they are closed: the store, which the others use, comes last. */
  readonly closeables: readonly Closeable[];
}

export interface Ending extends Closeable {
  /** Accepts no more, and lets what is in flight be answered. Returns how many connections the bound cuts short. */
  drain(times: DrainTimes): Promise<number>;
  /**
   * Ends every connection, and all work, at once. What cannot be closed does not keep the rest open: the first failure is
   * thrown once everything was tried.
   */
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
      const failures: unknown[] = [];
      for (const closeable of closeables) await closeable.close().catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}
