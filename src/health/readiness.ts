/** The state that says whether a server serves. */
export interface ReadinessState {
  readonly phase: 'starting' | 'serving' | 'stopping';
  /** Why the store cannot be written; `undefined`: it can, as far as is known. */
  readonly store: string | undefined;
  /** The same for the audit log. */
  readonly log: string | undefined;
}

export interface Check {
  readonly name: 'phase' | 'store' | 'log';
  readonly ok: boolean;
  /** A sentence, if it failed. */
  readonly why?: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly Check[];
}

const phases: Readonly<Record<ReadinessState['phase'], string | undefined>> = {
  serving: undefined,
  starting: 'The server is starting: it opens its database and its listeners.',
  stopping: 'The server is stopping: it finishes the requests in flight, and accepts no connection.',
};

/** Whether requests are answered, and what is against it. Of a server that starts or stops, nothing else is known. */
export function readiness({ phase, store, log }: ReadinessState): Readiness {
  const checks = [checkOf('phase', phases[phase])];
  if (phase === 'serving') checks.push(checkOf('store', store), checkOf('log', log));
  return { ready: checks.every(({ ok }) => ok), checks };
}

function checkOf(name: Check['name'], why: string | undefined): Check {
  return why === undefined ? { name, ok: true } : { name, ok: false, why };
}
