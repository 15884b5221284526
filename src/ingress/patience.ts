/** A peer is waited for in so many parts. */
const parts = 5;

/**
 * Calls `over` when `ms` have passed, in which this process ran. Like the supervisor's heartbeat it counts ticks of its
 * timer, not time: a process that was stopped, or got no processor, for longer than `ms` finds its timers due before it
 * reads what has arrived meanwhile, and would end connections of peers that were not slow.
 */
export function waitFor(ms: number, over: () => void): { stop(): void } {
  let left = parts;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return;
    clearInterval(timer);
    over();
  }, ms / parts);
  return { stop: () => clearInterval(timer) };
}
