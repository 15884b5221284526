import type { ComponentChildren } from 'preact';
import { useAction } from './action.ts';
import { Dialog } from './dialog.tsx';
import { Failed } from './message.tsx';

interface Asked {
  readonly title: string;
  /** The verb on the button: "Remove". */
  readonly verb: string;
  /** Whether something is lost by it. */
  readonly risky?: boolean;
  /** "The network could not be made." */
  readonly failed: string;
  readonly onClose: () => void;
  readonly work: (fields: FormData) => Promise<void>;
  readonly children: ComponentChildren;
}

/** A dialog that does one thing, with the fields in it. It stays, with the reason, where the server refuses. */
export function Confirm({ title, verb, risky = false, failed, onClose, work, children }: Asked) {
  const { busy, error, run } = useAction();
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const fields = new FormData(event.currentTarget);
          run(async () => {
            await work(fields);
            onClose();
          });
        }}
      >
        {children}
        {error !== undefined && <Failed what={failed} error={error} />}
        <div class="buttons">
          <button type="submit" class={`button ${risky ? 'button-risky' : 'button-main'}`} disabled={busy}>
            {verb}
          </button>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The value of a field as a string, without space around it. */
export function textIn(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
