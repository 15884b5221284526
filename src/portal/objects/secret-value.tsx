import { useEffect, useState } from 'preact/hooks';
import { useAction } from '../ui/action.ts';
import { CopyButton } from '../ui/copy.tsx';
import type { Vault } from '../vaults/vault.ts';
import type { ObjectRow } from './collections.ts';
import { useAsk } from './use-vault.ts';
import { VaultFailure } from './vault-failure.tsx';

const shownForSeconds = 30;

/** The value, asked for and shown on a click; gone after half a minute, and as soon as the tab is hidden or left. */
export function SecretValue({ vault, row }: { readonly vault: Vault; readonly row: ObjectRow }) {
  const ask = useAsk(vault);
  const { busy, error, run } = useAction();
  const [value, setValue] = useState<string>();
  const hide = () => {
    setValue(undefined);
  };
  return (
    <div class="secret">
      <h3>Secret value</h3>
      {value === undefined ? (
        <button
          type="button"
          class="button"
          disabled={busy}
          onClick={() => {
            run(async () => {
              const secret = await ask<{ readonly value: string }>(['secrets', row.name, row.version]);
              // Hidden meanwhile: then no reader waits for it.
              if (!document.hidden) setValue(secret.value);
            });
          }}
        >
          Show secret value
        </button>
      ) : (
        <ShownValue value={value} onEnd={hide} />
      )}
      {error !== undefined && (
        <VaultFailure vault={vault} error={error} what="The value could not be read." needs="secrets/get" />
      )}
    </div>
  );
}

function ShownValue({ value, onEnd }: { readonly value: string; readonly onEnd: () => void }) {
  const [left, setLeft] = useState(shownForSeconds);
  useEffect(() => {
    const timer = setInterval(() => {
      setLeft((last) => last - 1);
    }, 1000);
    const hidden = () => {
      if (document.hidden) onEnd();
    };
    document.addEventListener('visibilitychange', hidden);
    window.addEventListener('pagehide', onEnd);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', hidden);
      window.removeEventListener('pagehide', onEnd);
    };
  }, []);
  useEffect(() => {
    if (left <= 0) onEnd();
  }, [left]);
  return (
    <>
      <pre class="value">{value}</pre>
      <p class="buttons">
        <button type="button" class="button" onClick={onEnd}>
          Hide
        </button>
        <CopyButton text={value} what="the secret value" />
        <span class="detail number">hidden again in {left} s</span>
      </p>
    </>
  );
}
