import { useState } from 'preact/hooks';

/** Something that a button does, and what came of it. */
export interface Action {
  readonly busy: boolean;
  /** Of the last run; `undefined` while it is tried once more. */
  readonly error: unknown;
  readonly run: (work: () => Promise<void>) => void;
}

export function useAction(): Action {
  const [{ busy, error }, setState] = useState<Omit<Action, 'run'>>({ busy: false, error: undefined });
  const settle = async (work: () => Promise<void>) => {
    setState({ busy: true, error: undefined });
    await work();
    setState({ busy: false, error: undefined });
  };
  return {
    busy,
    error,
    run: (work) => {
      settle(work).catch((failure: unknown) => {
        setState({ busy: false, error: failure });
      });
    },
  };
}
