interface Row {
  readonly status: 503;
  readonly code: 'ServiceUnavailable';
  readonly message: () => string;
}

/**
 * The rows of an edge's errors for a database that cannot be used.
 * @param read what a client reads to learn whether its change has happened
 */
export function storeErrors(read: 'object' | 'resource'): Readonly<Record<'storeUnavailable' | 'outcomeUnknown', Row>> {
  const unavailable = { status: 503, code: 'ServiceUnavailable' } as const;
  return {
    storeUnavailable: {
      ...unavailable,
      message: () =>
        'The database of this service cannot be reached, or cannot prove that it has the newest state, so nothing was disclosed and nothing was changed. Try again later.',
    },
    outcomeUnknown: {
      ...unavailable,
      message: () =>
        `The database of this service was lost while the change was committed: it may have happened, or not. Read the ${read} before you try again.`,
    },
  };
}
