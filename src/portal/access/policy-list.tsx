import { useState } from 'preact/hooks';
import type { AccessPolicy } from '../../types/access-policy.ts';
import { usePortal } from '../portal.ts';
import { kindWords, useNames } from '../principals.ts';
import type { Principal } from '../principals.ts';
import { Empty } from '../ui/parts.tsx';
import { counted } from '../ui/words.ts';
import type { Vault } from '../vaults/vault.ts';
import { ListHead } from './list-head.tsx';
import { byPolicies, collections, permissionText } from './policies.ts';
import { EditPolicy, NewPolicy, RemovePolicy } from './policy-forms.tsx';
import { WhatCan } from './what-can.tsx';

export interface ListProps {
  readonly vault: Vault;
  readonly etag: string | undefined;
  readonly reload: () => void;
  /** The principal that the address of the page asks about. */
  readonly who: string | undefined;
}

type Doing =
  { readonly what: 'add' } | { readonly what: 'edit' | 'remove'; readonly policy: AccessPolicy; readonly name: string };

export function PolicyList({ vault, etag, reload, who }: ListProps) {
  const { settings } = usePortal();
  const [doing, setDoing] = useState<Doing>();
  const policies = vault.properties.accessPolicies ?? [];
  const names = useNames(policies.map(({ objectId }) => objectId));
  const form = {
    vault,
    etag,
    onDone: reload,
    onClose: () => {
      setDoing(undefined);
    },
  };
  return (
    <>
      <ListHead
        title="Access policies"
        verb="+ Create access policy"
        onAdd={() => {
          setDoing({ what: 'add' });
        }}
      />
      {policies.length === 0 ? (
        <Empty title="Nobody has access: the vault has no access policy.">
          <p>
            <code>az keyvault set-policy --name {vault.name} --object-id OBJECT_ID --secret-permissions get list</code>
          </p>
        </Empty>
      ) : (
        <ul class="list">
          {policies.map((policy) => (
            <PolicyRow
              key={`${policy.objectId} ${policy.applicationId ?? ''}`}
              policy={policy}
              principal={names.get(policy.objectId)}
              onDo={setDoing}
            />
          ))}
        </ul>
      )}
      <output class="unseen">{counted(policies.length, 'access policy', 'access policies')}</output>
      <WhatCan
        who={who}
        judgeFor={(person) => byPolicies(policies, person)}
        why={(verdict) => {
          if (!verdict.allowed || verdict.because !== 'accessPolicy') return 'no access policy';
          const id = policies[verdict.index]?.objectId ?? '';
          return `access policy of ${names.get(id)?.name ?? id}`;
        }}
        tenantId={settings.tenantId}
      />
      {doing?.what === 'add' && <NewPolicy {...form} />}
      {doing?.what === 'edit' && <EditPolicy {...form} policy={doing.policy} name={doing.name} />}
      {doing?.what === 'remove' && <RemovePolicy {...form} policy={doing.policy} name={doing.name} />}
    </>
  );
}

function PolicyRow({
  policy,
  principal,
  onDo,
}: {
  readonly policy: AccessPolicy;
  readonly principal: Principal | undefined;
  readonly onDo: (doing: Doing) => void;
}) {
  const name = principal?.name ?? policy.objectId;
  const button = (what: 'edit' | 'remove', label: string) => (
    <button
      type="button"
      class="quiet"
      aria-label={`${label} the policy of ${name}`}
      onClick={() => {
        onDo({ what, policy, name });
      }}
    >
      {label}
    </button>
  );
  return (
    <li class="policy">
      <PolicyText policy={policy} name={name} kind={principal && kindWords[principal.kind]} />
      <div class="buttons">
        {button('edit', 'Edit')}
        {button('remove', 'Remove')}
      </div>
    </li>
  );
}

function PolicyText({
  policy,
  name,
  kind,
}: {
  readonly policy: AccessPolicy;
  readonly name: string;
  readonly kind: string | undefined;
}) {
  return (
    <div>
      <h3>
        {name} {kind !== undefined && <span class="detail">{kind}</span>}
      </h3>
      {policy.applicationId !== undefined && (
        <p class="detail">
          only through the application <span class="mono">{policy.applicationId}</span>
        </p>
      )}
      <dl class="policy-facts">
        {collections.map((collection) => (
          <div key={collection}>
            <dt>{collection}</dt>
            <dd>{permissionText(policy.permissions, collection)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
