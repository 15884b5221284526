import { useMemo } from 'preact/hooks';
import type { Collection } from '../../types/collection.ts';
import { hrefOf } from '../navigation.ts';
import { usePortal } from '../portal.ts';
import { ownVault } from '../own-vault.ts';
import type { Call } from '../request.ts';
import { usePages } from '../use-pages.ts';
import { groupOf } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { dataPath, rowOf } from './collections.ts';
import type { ObjectRow, WireItem } from './collections.ts';

/** A collection of a vault: where the pages of its objects are. */
export interface Place {
  readonly vault: Vault;
  readonly collection: Collection;
}

/** The page of a collection, or of an object or a version of it. */
export function hrefIn({ vault, collection }: Place, segments: readonly string[] = [], view?: string): string {
  return hrefOf(['vaults', groupOf(vault.id), vault.name, collection, ...segments], { view });
}

/** Asks the vault itself, which its firewall guards. The resource manager would give the lists from every address. */
export function useAsk(vault: Vault): <T>(segments: readonly string[], call?: Call) => Promise<T> {
  const { services } = usePortal();
  return async <T>(segments: readonly string[], call?: Call) =>
    (await services.vault<T>(vault.properties.vaultUri, dataPath(segments), call)).value;
}

export interface Listed {
  readonly rows: readonly ObjectRow[];
  readonly done: boolean;
  readonly error?: unknown;
}

/** A list of the vault itself, page by page. */
export function useListed(vault: Vault, segments: readonly string[]): Listed & { readonly reload: () => void } {
  const { settings } = usePortal();
  const first = ownVault(vault.properties.vaultUri, settings) + dataPath(segments);
  const { items, ...others } = usePages<WireItem>({ first, of: 'vault' });
  const rows = useMemo(() => items.map(rowOf), [items]);
  return { ...others, rows };
}
