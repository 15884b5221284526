import { useState } from 'preact/hooks';
import { usePortal } from '../portal.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Card } from '../ui/parts.tsx';
import { vaultApiVersion } from '../vaults/vault.ts';
import type { VaultTabProps } from '../vaults/vault-page.tsx';
import { PolicyList } from './policy-list.tsx';
import { RoleList } from './role-list.tsx';
import './access.css';

/** Says which callers may do what with the contents of the vault, by the model that it has. */
export function AccessTab({ vault, etag, reload, query }: VaultTabProps) {
  const isRbac = vault.properties.enableRbacAuthorization === true;
  const who = query.get('who') ?? undefined;
  const List = isRbac ? RoleList : PolicyList;
  return (
    <div class="stack">
      <Model vault={vault} etag={etag} reload={reload} />
      <List vault={vault} etag={etag} reload={reload} who={who} />
    </div>
  );
}

function Model({ vault, etag, reload }: Pick<VaultTabProps, 'vault' | 'etag' | 'reload'>) {
  const { services } = usePortal();
  const [changing, setChanging] = useState(false);
  const isRbac = vault.properties.enableRbacAuthorization === true;
  const close = () => {
    setChanging(false);
  };
  return (
    <Card title="Permission model">
      <div class="access-model">
        <p>
          {isRbac ? 'Azure role-based access control' : 'Vault access policy'}
          <span class="detail">
            {isRbac
              ? ' Roles that are assigned at the vault, or above it, decide.'
              : ' The policies below decide; roles do not.'}
          </span>
        </p>
        <button
          type="button"
          class="button"
          onClick={() => {
            setChanging(true);
          }}
        >
          Change…
        </button>
      </div>
      {changing && (
        <Confirm
          title={isRbac ? 'Change to vault access policies?' : 'Change to Azure role-based access control?'}
          verb="Change"
          risky
          failed="The permission model could not be changed."
          onClose={close}
          work={async () => {
            await services.arm(`${vault.id}?${vaultApiVersion}`, {
              method: 'PATCH',
              body: { properties: { enableRbacAuthorization: !isRbac } },
              ...(etag !== undefined && { ifMatch: etag }),
            });
            reload();
          }}
        >
          <p>
            {isRbac
              ? 'Role assignments then give nobody access to the contents. The access policies of the vault decide, those from before included.'
              : 'Access policies then give nobody access, you included, until roles are assigned. They stay stored, for the way back.'}
          </p>
          <p>The change is in force for the next request. The firewall's rules are not touched by it.</p>
        </Confirm>
      )}
    </Card>
  );
}
