import { useEffect, useState } from 'preact/hooks';
import type { ActivityAnswer } from '../../types/activity.ts';
import { answeredAtMs } from '../answered-at.ts';
import { usePortal } from '../portal.ts';
import { RequestFailed } from '../request.ts';
import { activityQuery, delayMs, emptyFeed, fed, waitMs } from './feed.ts';
import type { Feed, Filters } from './feed.ts';

export interface Followed {
  readonly feed: Feed;
  /** The reason why nothing new comes at the moment. */
  readonly error: unknown;
}

const nothing: Followed = { feed: emptyFeed, error: undefined };

/**
 * Follows the activity at `path` (of a vault or the subscription): by a cursor and by asking again, because a browser has six
 * connections to a server, which as many open pages with a stream each would use up. A hidden page asks nothing.
 */
export function useFeed(path: string, filters: Filters, paused: boolean): Followed {
  const { services } = usePortal();
  const key = `${path}?${activityQuery(filters, undefined)}`;
  const [kept, setKept] = useState<{ readonly key: string; readonly followed: Followed }>({ key, followed: nothing });
  const followed = kept.key === key ? kept.followed : nothing;
  useEffect(() => {
    // A pause keeps what is there; other filters are asked for once.
    if (paused && followed.feed.next !== undefined) return undefined;
    const ending = new AbortController();
    const { signal } = ending;
    let { feed } = followed;
    const goOn = async (last: Feed) => {
      const asked = await services.arm<ActivityAnswer>(`${path}?${activityQuery(filters, last.next)}`, { signal });
      return { feed: fed(last, asked.value, answeredAtMs(asked)), more: asked.value.more };
    };
    const follow = async () => {
      while (!signal.aborted) {
        await shown(signal);
        const step = await goOn(feed).catch((error: unknown) => ({ error }));
        if (signal.aborted) return;
        if ('error' in step) {
          setKept({ key, followed: { feed, error: step.error } });
          await pause(waitMs(retryAfterOf(step.error)), signal);
          continue;
        }
        feed = step.feed;
        setKept({ key, followed: { feed, error: undefined } });
        if (paused) return;
        await pause(delayMs(feed, step.more), signal);
      }
    };
    void follow();
    return () => {
      ending.abort();
    };
  }, [key, paused]);
  return followed;
}

function retryAfterOf(error: unknown): number | undefined {
  const failure = error instanceof RequestFailed ? error.failure : undefined;
  return failure?.kind === 'refused' ? failure.retryAfterSeconds : undefined;
}

/** Settles when the page is in sight, or not asked for any more. */
async function shown(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const watching = new AbortController();
    const settle = () => {
      if (document.hidden && !signal.aborted) return;
      watching.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', settle, { signal: watching.signal });
    signal.addEventListener('abort', settle, { signal: watching.signal });
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(settle, ms);
    function settle() {
      clearTimeout(timer);
      signal.removeEventListener('abort', settle);
      resolve();
    }
    signal.addEventListener('abort', settle);
    if (signal.aborted) settle();
  });
}
