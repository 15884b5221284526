import { useState } from 'preact/hooks';
import { everyPage } from '../every-page.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { kindWords, useNames } from '../principals.ts';
import type { Principal } from '../principals.ts';
import { Confirm, textIn } from '../ui/confirm.tsx';
import { Failed } from '../ui/message.tsx';
import { Empty, Field, Loading } from '../ui/parts.tsx';
import type { Vault } from '../vaults/vault.ts';
import { byRoles } from './policies.ts';
import { ListHead } from './list-head.tsx';
import type { ListProps } from './policy-list.tsx';
import { PrincipalField } from './principal-field.tsx';
import { byUse, compiled, isOwn, roleApiVersion, roleIdOf, scopeText } from './roles.ts';
import type { Assignment, Role } from './roles.ts';
import { WhatCan } from './what-can.tsx';

interface Roles {
  readonly assignments: readonly Assignment[];
  readonly roles: readonly Role[];
}

export function RoleList({ vault, who }: ListProps) {
  const { services } = usePortal();
  const at = `${vault.id}/providers/Microsoft.Authorization`;
  const { loaded, reload } = useLoaded(async (signal): Promise<Roles> => {
    const [assignments, roles] = await Promise.all([
      everyPage<Assignment>(services, `${at}/roleAssignments?${roleApiVersion}`, signal),
      everyPage<Role>(services, `${at}/roleDefinitions?${roleApiVersion}`, signal),
    ]);
    return { assignments, roles };
  }, at);
  if (loaded.state === 'loading') return <Loading what="the role assignments" />;
  if (loaded.state === 'failed')
    return <Failed what="The role assignments could not be loaded." error={loaded.error} again={reload} />;
  return <Loaded vault={vault} who={who} reload={reload} {...loaded.value} />;
}

function Loaded({ vault, who, reload, assignments, roles }: Roles & Omit<ListProps, 'etag'>) {
  const { settings } = usePortal();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Assignment>();
  const names = useNames(assignments.map(({ properties }) => properties.principalId));
  const nameOf = ({ properties: { principalId } }: Assignment) => names.get(principalId)?.name ?? principalId;
  const roleName = (id: string) => roles.find(({ name }) => name.toLowerCase() === id)?.properties.roleName ?? id;
  return (
    <>
      <ListHead
        title="Role assignments"
        verb="+ Add role assignment"
        onAdd={() => {
          setAdding(true);
        }}
      />
      <AssignmentTable
        rows={assignments.map((assignment) => ({
          assignment,
          who: nameOf(assignment),
          kind: names.get(assignment.properties.principalId)?.kind,
          role: roleName(roleIdOf(assignment)),
        }))}
        vault={vault}
        onRemove={setRemoving}
      />
      <WhatCan
        who={who}
        judgeFor={(person) => byRoles(compiled(settings.tenantId, assignments, roles), person, vault.id)}
        why={(verdict) => {
          if (verdict.because === 'roleLacksAction') return 'no role of theirs gives it';
          return verdict.because === 'roleAssignment' ? `role ${roleName(verdict.role)}` : 'no role assignment';
        }}
        tenantId={settings.tenantId}
      />
      {adding && (
        <NewAssignment
          vault={vault}
          roles={roles}
          onDone={reload}
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
      {removing !== undefined && (
        <RemoveAssignment
          removing={removing}
          words={`${nameOf(removing)} then has the role ${roleName(roleIdOf(removing))} no more at ${scopeText(removing.properties.scope, vault.id)}.`}
          onDone={reload}
          onClose={() => {
            setRemoving(undefined);
          }}
        />
      )}
    </>
  );
}

function RemoveAssignment({
  removing,
  words,
  onDone,
  onClose,
}: {
  readonly removing: Assignment;
  readonly words: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { services } = usePortal();
  return (
    <Confirm
      title="Remove the role assignment?"
      verb="Remove"
      risky
      failed="The role assignment could not be removed."
      onClose={onClose}
      work={async () => {
        await services.arm(`${removing.id}?${roleApiVersion}`, { method: 'DELETE' });
        onDone();
      }}
    >
      <p>{words}</p>
    </Confirm>
  );
}

interface Row {
  readonly assignment: Assignment;
  readonly who: string;
  readonly kind: Principal['kind'] | undefined;
  readonly role: string;
}

function AssignmentTable({
  rows,
  vault,
  onRemove,
}: {
  readonly rows: readonly Row[];
  readonly vault: Vault;
  readonly onRemove: (assignment: Assignment) => void;
}) {
  if (rows.length === 0) return <Empty title="Nobody has a role at this vault or above it." />;
  return (
    <div class="table-wrap">
      <table>
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">Role</th>
            <th scope="col">At</th>
            <th scope="col">
              <span class="unseen">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ assignment, who, kind, role }) => (
            <tr key={assignment.id}>
              <th scope="row">
                {who} {kind !== undefined && <span class="detail">{kindWords[kind]}</span>}
              </th>
              <td>{role}</td>
              <td class="muted">{scopeText(assignment.properties.scope, vault.id)}</td>
              <td class="number">
                {isOwn(assignment, vault.id) && (
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Remove ${role} of ${who}`}
                    onClick={() => {
                      onRemove(assignment);
                    }}
                  >
                    Remove
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NewAssignment({
  vault,
  roles,
  onDone,
  onClose,
}: {
  readonly vault: Vault;
  readonly roles: readonly Role[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { services } = usePortal();
  const [who, setWho] = useState<Principal>();
  const { inside, others } = byUse(roles);
  return (
    <Confirm
      title={`Add a role assignment at ${vault.name}`}
      verb="Add"
      failed="The role could not be assigned."
      onClose={onClose}
      work={async (fields) => {
        if (who === undefined) return;
        const path = `${vault.id}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
        const properties = { roleDefinitionId: textIn(fields, 'role'), principalId: who.id, principalType: who.kind };
        await services.arm(`${path}?${roleApiVersion}`, { method: 'PUT', body: { properties } });
        onDone();
      }}
    >
      <Field label="Role">
        <select name="role" required>
          <optgroup label="For what is in vaults">
            {inside.map(({ id, properties }) => (
              <option key={id} value={id}>
                {properties.roleName}
              </option>
            ))}
          </optgroup>
          <optgroup label="For resources">
            {others.map(({ id, properties }) => (
              <option key={id} value={id}>
                {properties.roleName}
              </option>
            ))}
          </optgroup>
        </select>
      </Field>
      <PrincipalField onChoose={setWho} />
    </Confirm>
  );
}
