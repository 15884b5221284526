import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { builtInRoles } from '../../src/access/built-in-roles.ts';
import type { Client } from './client.ts';

export interface Assigned {
  /** The name of a built-in role, or the GUID of a custom one. */
  readonly role: string;
  readonly principalId: string;
  /** A path below the subscription; by default the subscription itself. */
  readonly at?: string;
  readonly principalType?: string;
}

/** Assigns a role as the administrator. Returns the path of the assignment below the subscription. */
export async function assign(client: Client, { role, at = '', ...principal }: Assigned): Promise<string> {
  const path = `${at}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
  const answer = await client.arm('PUT', path, {
    properties: { roleDefinitionId: roleDefinitionId(role), ...principal },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return path;
}

/** The ARM id of a built-in role by its name, or of a custom one by its GUID. */
export function roleDefinitionId(role: string): string {
  const builtIn = [...builtInRoles.values()].find(({ roleName }) => roleName === role);
  return `/providers/Microsoft.Authorization/roleDefinitions/${builtIn?.id ?? role}`;
}
