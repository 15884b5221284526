import { Failed } from '../ui/message.tsx';
import { counted } from '../ui/words.ts';
import { stepsBetween } from './draft-words.ts';
import type { Editing } from './use-draft.ts';

export function SaveBar({
  editing,
  waiting,
  onSave,
}: {
  readonly editing: Editing;
  /** For who called lately. */
  readonly waiting: boolean;
  readonly onSave: () => void;
}) {
  const { base, draft, isDirty, save, discard } = editing;
  const cannotSave = !isDirty || save.kind === 'saving' || save.kind === 'conflict';
  return (
    <div class="networking-save">
      {save.kind === 'failed' && <Failed what="The rules were not saved." error={save.error} />}
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
        <button type="button" class="button" disabled={cannotSave} onClick={discard}>
          Discard
        </button>
        <output class="networking-saved">
          {waiting ? 'Finding out who called lately …' : saidOf(editing, stepsBetween(base, draft).length)}
        </output>
      </div>
    </div>
  );
}

/** `steps`: what differs, for people; the order of rules is not among it. */
function saidOf({ isDirty, save }: Editing, steps: number): string {
  if (save.kind === 'saving') return 'Saving …';
  if (isDirty) return steps === 0 ? 'Not saved yet' : `${counted(steps, 'change')}, not saved yet`;
  return save.kind === 'saved' ? 'Saved and in force: the next request is decided by these rules.' : '';
}
