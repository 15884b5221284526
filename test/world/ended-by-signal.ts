const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const pending = new Set<() => void>();

/**
 * Does the work when a signal ends this process: what a test started in the background outlives it otherwise. The work is
 * synchronous, and the last begun is ended first. Disposing of the answer takes it back.
 */
export function whenEndedBySignal(work: () => void): Disposable {
  if (pending.size === 0) for (const signal of signals) process.on(signal, end);
  pending.add(work);
  return {
    [Symbol.dispose]() {
      pending.delete(work);
      if (pending.size === 0) stopListening();
    },
  };
}

function end(signal: NodeJS.Signals): void {
  for (const work of [...pending].toReversed()) work();
  stopListening();
  process.kill(process.pid, signal);
}

function stopListening(): void {
  for (const signal of signals) process.off(signal, end);
}
