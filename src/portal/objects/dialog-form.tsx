import type { ComponentChildren } from 'preact';
import type { Permission } from '../../types/operation.ts';
import { useAction } from '../ui/action.ts';
import { Dialog } from '../ui/dialog.tsx';
import type { Vault } from '../vaults/vault.ts';
import { VaultFailure } from './vault-failure.tsx';

/** A dialog that asks the vault for one change. It stays open where the vault refuses, and says why. */
export function DialogForm({
  vault,
  title,
  submit,
  risky = false,
  ready,
  needs,
  send,
  onClose,
  children,
}: {
  readonly vault: Vault;
  readonly title: string;
  readonly submit: string;
  /** Whether something is taken away. */
  readonly risky?: boolean;
  readonly ready: boolean;
  readonly needs: Permission;
  readonly send: () => Promise<unknown>;
  readonly onClose: (done: boolean) => void;
  readonly children: ComponentChildren;
}) {
  const { busy, error, run } = useAction();
  const cancel = () => {
    onClose(false);
  };
  return (
    <Dialog title={title} onClose={cancel}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          run(async () => {
            await send();
            onClose(true);
          });
        }}
      >
        {children}
        {error !== undefined && (
          <VaultFailure vault={vault} error={error} what="The vault did not do it." needs={needs} />
        )}
        <p class="buttons">
          <button type="submit" class={`button ${risky ? 'button-risky' : 'button-main'}`} disabled={busy || !ready}>
            {submit}
          </button>
          <button type="button" class="button" onClick={cancel}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}
