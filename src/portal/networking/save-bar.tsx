import { useEffect, useRef } from 'preact/hooks';
import { Failed } from '../ui/message.tsx';
import { counted } from '../ui/words.ts';
import { stepsBetween } from './draft-words.ts';
import type { Editing } from './use-draft.ts';

/** `onDiscarded`: the button that had the focus is off. */
export function SaveBar({
  editing,
  waiting,
  onSave,
  onDiscarded,
}: {
  readonly editing: Editing;
  /** For who called lately. */
  readonly waiting: boolean;
  readonly onSave: () => void;
  readonly onDiscarded: () => void;
}) {
  const { base, draft, isDirty, save, discard } = editing;
  const cannotSave = !isDirty || save.kind === 'saving' || save.kind === 'conflict';
  return (
    <>
      {save.kind === 'failed' && <NotSaved error={save.error} />}
      <div class="networking-save">
        <div class="buttons">
          <button
            type="button"
            class="button button-main"
            disabled={cannotSave}
            aria-keyshortcuts="Control+S"
            onClick={onSave}
          >
            Save
          </button>
          <button
            type="button"
            class="button"
            disabled={cannotSave}
            onClick={() => {
              discard();
              onDiscarded();
            }}
          >
            Discard
          </button>
          <output class="networking-saved">
            {waiting ? 'Finding out who called lately …' : saidOf(editing, stepsBetween(base, draft).length)}
          </output>
        </div>
      </div>
    </>
  );
}

/** Above the bar, which stays in sight: a long reason in it would cover the rules. */
function NotSaved({ error }: { readonly error: unknown }) {
  const shown = useRef<HTMLDivElement>(null);
  useEffect(() => {
    shown.current?.scrollIntoView({ block: 'nearest' });
  }, [error]);
  return (
    <div ref={shown} class="networking-unsaved">
      <Failed what="The rules were not saved." error={error} />
    </div>
  );
}

/** `steps`: what differs, for people; the order of rules is not among it. */
function saidOf({ isDirty, save }: Editing, steps: number): string {
  if (save.kind === 'saving') return 'Saving …';
  if (isDirty) return steps === 0 ? 'Not saved yet' : `${counted(steps, 'change')}, not saved yet`;
  return save.kind === 'saved' ? 'Saved and in force: the next request is decided by these rules.' : '';
}
