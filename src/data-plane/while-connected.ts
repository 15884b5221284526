import type { EventEmitter } from 'node:events';

/** Runs what is of no use once the connection has ended: the signal is aborted then. */
export async function whileConnected<T>(
  connection: EventEmitter & { readonly destroyed: boolean },
  work: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (connection.destroyed) abort();
  connection.once('close', abort);
  try {
    return await work(controller.signal);
  } finally {
    connection.off('close', abort);
  }
}
