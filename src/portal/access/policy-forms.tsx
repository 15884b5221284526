import { useState } from 'preact/hooks';
import type { AccessPolicy } from '../../types/access-policy.ts';
import { usePortal } from '../portal.ts';
import type { Principal } from '../principals.ts';
import { Confirm } from '../ui/confirm.tsx';
import { vaultApiVersion } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { collections, given, namesIn, shownName, toSend } from './policies.ts';
import type { Granted } from './policies.ts';
import { PrincipalField } from './principal-field.tsx';

interface FormProps {
  readonly vault: Vault;
  readonly etag: string | undefined;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

type Update = 'add' | 'replace' | 'remove';

function useUpdate({ vault, etag, onDone }: FormProps) {
  const { services } = usePortal();
  return async (update: Update, policy: AccessPolicy) => {
    await services.arm(`${vault.id}/accessPolicies/${update}?${vaultApiVersion}`, {
      method: 'PUT',
      body: { properties: { accessPolicies: [policy] } },
      ...(etag !== undefined && { ifMatch: etag }),
    });
    onDone();
  };
}

export function NewPolicy(form: FormProps) {
  const update = useUpdate(form);
  const [who, setWho] = useState<Principal>();
  return (
    <Confirm
      title="Create an access policy"
      verb="Create"
      failed="The access policy could not be made."
      onClose={form.onClose}
      work={async (fields) => {
        if (who === undefined) return;
        const { tenantId } = form.vault.properties;
        await update('add', { tenantId, objectId: who.id, permissions: chosenIn(fields) });
      }}
    >
      <PrincipalField onChoose={setWho} />
      <PermissionBoxes permissions={{}} />
    </Confirm>
  );
}

interface OfPolicy extends FormProps {
  readonly policy: AccessPolicy;
  readonly name: string;
}

export function EditPolicy({ policy, name, ...form }: OfPolicy) {
  const update = useUpdate(form);
  return (
    <Confirm
      title={`Access policy of ${name}`}
      verb="Save"
      failed="The access policy could not be changed."
      onClose={form.onClose}
      work={async (fields) => {
        await update('replace', { ...policy, permissions: toSend(chosenIn(fields), policy.permissions) });
      }}
    >
      <PermissionBoxes permissions={policy.permissions} />
    </Confirm>
  );
}

export function RemovePolicy({ policy, name, ...form }: OfPolicy) {
  const update = useUpdate(form);
  return (
    <Confirm
      title={`Remove the access policy of ${name}?`}
      verb="Remove"
      risky
      failed="The access policy could not be removed."
      onClose={form.onClose}
      work={async () => {
        await update('remove', policy);
      }}
    >
      <p>
        {name} then has no access to the contents of {form.vault.name}, unless a group that it is in has.
      </p>
    </Confirm>
  );
}

function PermissionBoxes({ permissions }: { readonly permissions: AccessPolicy['permissions'] }) {
  return (
    <>
      {collections.map((collection) => {
        const has = new Set(given(permissions, collection));
        return (
          <fieldset
            key={collection}
            class="permissions"
            onChange={({ currentTarget, target }) => {
              follow([...currentTarget.querySelectorAll('input')], target);
            }}
          >
            <legend>{collection}</legend>
            <label class="choice">
              <input type="checkbox" defaultChecked={has.size === namesIn(collection).length} />
              Select all
            </label>
            {namesIn(collection).map((name) => (
              <label key={name} class="choice">
                <input type="checkbox" name={collection} value={name} defaultChecked={has.has(name)} />
                {shownName(name)}
              </label>
            ))}
          </fieldset>
        );
      })}
    </>
  );
}

/** The first box stands for all the others, and is checked while they are. */
function follow([all, ...others]: readonly HTMLInputElement[], changed: EventTarget | null): void {
  if (all === undefined) return;
  if (changed !== all) all.checked = others.every(({ checked }) => checked);
  else
    for (const other of others) {
      other.checked = all.checked;
    }
}

function chosenIn(fields: FormData): Granted {
  const of = (collection: string) => fields.getAll(collection).filter((name) => typeof name === 'string');
  return { secrets: of('secrets'), keys: of('keys'), certificates: of('certificates') };
}
