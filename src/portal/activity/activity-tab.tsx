import { groupOf } from '../vaults/vault.ts';
import type { VaultTabProps } from '../vaults/vault-page.tsx';
import { Activity } from './activity.tsx';

export function ActivityTab({ vault, query }: VaultTabProps) {
  return (
    <Activity
      path={`${vault.id}/providers/Postern.Insight/activity`}
      at={['vaults', groupOf(vault.id), vault.name, 'activity']}
      query={query}
      ofMany={false}
    />
  );
}
