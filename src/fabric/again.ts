import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './failed.ts';
import type { Reconciler } from './reconciler.ts';
import type { ServerLink } from './server-link.ts';

/** How long what failed waits until it is tried again: twice as long each time. */
const [leastWaitMs, mostWaitMs] = [300, 30_000];

interface Again {
  readonly reconciler: Reconciler;
  readonly stop: AbortSignal;
  readonly line: (line: string) => void;
}

/** Tries again what could not be changed, until it is told to stop: a machine may be too busy or full for a while. */
export async function catchUp({ reconciler, stop, line }: Again): Promise<void> {
  let [waitMs, told] = [leastWaitMs, ''];
  while (!stop.aborted) {
    await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
    try {
      if (await reconciler.catchUp()) line('what could not be done before is done');
    } catch (error) {
      const message = messageOf(error);
      if (message !== told) line(`problem: ${message}. It is tried again.`);
      told = message;
    }
    waitMs = reconciler.isBehind ? Math.min(waitMs * 2, mostWaitMs) : leastWaitMs;
  }
}

/** Opens the listeners again whenever the server was started again, until it is told to stop. */
export async function keepListeners({
  link,
  reconciler,
  stop,
  line,
}: Again & { readonly link: ServerLink }): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve());
  });
  while (!stop.aborted) {
    await Promise.race([link.closed(), stopped]);
    if (stop.aborted) return;
    line('the server ended, and its listeners with it: they come back when it runs again');
    await link.reconnect(stop);
    if (stop.aborted) return;
    try {
      await reconciler.restore();
      line(`the server runs again: it has ${link.held.length} listeners`);
    } catch (error) {
      line(`problem: ${messageOf(error)}`);
    }
  }
}
