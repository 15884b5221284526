import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Request } from '../../insight/fixes.ts';
import { useNames } from '../principals.ts';
import { Dialog } from '../ui/dialog.tsx';
import { counted } from '../ui/words.ts';
import type { JudgedCallers, LateCaller } from './callers.ts';
import type { Draft } from './draft.ts';
import type { Judge } from './judge.ts';

/** Names the callers that were let in before and would not be after. */
export interface Losers {
  /** The user's own address. */
  readonly you: string | undefined;
  readonly callers: readonly LateCaller[];
}

interface Watched {
  readonly you: Request | undefined;
  readonly before: Judge;
  readonly after: Judge;
  readonly judged: JudgedCallers;
  /** The draft that is saved. */
  readonly draft: Draft;
  /** Whether it is not known yet who called lately. */
  readonly isLoading: boolean;
}

export interface Guard {
  readonly losers: Losers;
  /** Whether the question is open. */
  readonly asking: boolean;
  /** Whether it waits for who called lately, to save or to ask then. */
  readonly waiting: boolean;
  /** Saves, or asks first where a caller would lose access. */
  readonly ask: () => void;
  readonly go: () => void;
  readonly close: () => void;
}

/** The lock-out guard: it warns, and does not refuse, as Azure's clients are not refused either. */
export function useGuard(watched: Watched, save: () => Promise<void>): Guard {
  const { you, before, after, judged, draft, isLoading } = watched;
  const [asking, setAsking] = useState(false);
  const [waitingWith, setWaitingWith] = useState<Draft>();
  const youLose = you !== undefined && before.letsIn(you) && !after.letsIn(you);
  const address = you !== undefined && you.source.kind !== 'unknown' ? you.source.address.text : undefined;
  const losers = { you: youLose ? address : undefined, callers: judged.lose };
  const isHarmless = !youLose && judged.lose.length === 0;
  const go = () => {
    setAsking(false);
    void save();
  };
  const close = useCallback(() => {
    setAsking(false);
  }, []);
  const ask = () => {
    if (isLoading) setWaitingWith(draft);
    else if (isHarmless) go();
    else setAsking(true);
  };
  useEffect(() => {
    if (isLoading || waitingWith === undefined) return;
    setWaitingWith(undefined);
    // A draft that was changed meanwhile is not the one that was to be saved.
    if (waitingWith === draft) ask();
  }, [isLoading, waitingWith]);
  return { losers, asking, waiting: waitingWith === draft, ask, go, close };
}

export function GuardDialog({
  losers: { you, callers },
  onSave,
  onClose,
}: {
  readonly losers: Losers;
  readonly onSave: () => void;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title="This change shuts somebody out" onClose={onClose}>
      <div class="stack">
        {you !== undefined && (
          <p>
            <strong>You</strong> lose access from <code>{you}</code>.
          </p>
        )}
        {callers.length > 0 && (
          <div>
            <p>{counted(callers.length, 'caller')} of the last 24 hours would be denied:</p>
            <CallerList callers={callers} />
          </div>
        )}
        <p class="detail">
          The way back stays open: this page and <code>az keyvault network-rule</code> change the rules from any
          network, whatever the rules are.
        </p>
        <div class="buttons">
          <button type="button" class="button button-risky" onClick={onSave}>
            Save anyway
          </button>
          <button type="button" class="button" onClick={onClose}>
            Go on editing
          </button>
        </div>
      </div>
    </Dialog>
  );
}

const namedMax = 12;

export function CallerList({ callers }: { readonly callers: readonly LateCaller[] }) {
  const names = useNames(callers.slice(0, namedMax).map(({ objectId }) => objectId));
  return (
    <ul class="networking-callers">
      {callers.slice(0, namedMax).map(({ objectId, who, from, count }) => (
        <li key={`${objectId} ${who} ${from}`}>
          <span>{names.get(objectId)?.name ?? who}</span> <code>{from}</code>{' '}
          <span class="number muted">{counted(count, 'call')}</span>
        </li>
      ))}
      {callers.length > namedMax && <li class="muted">and {callers.length - namedMax} more</li>}
    </ul>
  );
}
