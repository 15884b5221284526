import type { ComponentChildren } from 'preact';
import type { Permission } from '../../types/operation.ts';
import { useLoaded } from '../portal.ts';
import { Loading } from '../ui/parts.tsx';
import type { Vault } from '../vaults/vault.ts';
import { useAsk } from './use-vault.ts';
import { VaultFailure } from './vault-failure.tsx';

/** Shows what a vault answers, or why it does not. It is asked again when `revision` changes. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the type that the vault's API documents
export function FromVault<T>({
  vault,
  segments,
  revision = '',
  what,
  needs,
  failed,
  children,
}: {
  readonly vault: Vault;
  readonly segments: readonly string[];
  readonly revision?: string;
  /** "the certificate www" */
  readonly what: string;
  readonly needs: Permission;
  /** In place of a failure that is expected. */
  readonly failed?: (error: unknown) => ComponentChildren;
  readonly children: (value: T, reload: () => void) => ComponentChildren;
}) {
  const ask = useAsk(vault);
  const { loaded, reload } = useLoaded((signal) => ask<T>(segments, { signal }), `${segments.join('/')} ${revision}`);
  if (loaded.state === 'loading') return <Loading what={what} />;
  if (loaded.state === 'ready') return <>{children(loaded.value, reload)}</>;
  const { error } = loaded;
  return (
    <>
      {failed?.(error) ?? (
        <VaultFailure
          vault={vault}
          error={error}
          what={`The vault did not give ${what}.`}
          needs={needs}
          again={reload}
        />
      )}
    </>
  );
}
