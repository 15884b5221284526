import { auditRecord } from '../src/audit/record.ts';
import type { AuditCategory, AuditProperties, AuditRecord, VerdictProperty } from '../src/audit/event.ts';
import { errors } from '../src/authority/errors.ts';
import { isFailedSignIn } from '../src/authority/failed-sign-in.ts';
import { explain } from '../src/firewall/explain.ts';
import { denied } from '../src/firewall/decide.ts';
import { activities, deletions, secretsAdded, secretsRemoved } from '../src/graph/activities.ts';
import type { Activity } from '../src/graph/activities.ts';
import type { Caller } from '../src/types/caller.ts';
import type { PublicSource } from '../src/types/source.ts';
import type { AccessVerdict, Verdict } from '../src/types/verdict.ts';
import { markdownTable } from './markdown-table.ts';

/** The named members of a type that also has an index signature. */
type Named<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] };
type Texts<Name extends PropertyKey> = Readonly<Record<Name, string>>;

const categories: Texts<AuditCategory> = {
  AuditEvent: 'Requests to vaults, and requests to the resource manager about a vault',
  AuditLogs: 'Changes of the directory, made or refused',
  SignInLogs: 'Sign-ins that failed',
  Administrative: 'Changes through the resource manager, made or refused',
};

const fields: Texts<Named<AuditRecord>> = {
  time: 'When the request came: UTC, with seven fractional digits',
  resourceId: 'The ARM id of the vault, or the directory; in upper case',
  category: 'One of the categories above',
  operationName: 'What was asked for: [operations.md](operations.md). `Authentication` where no token was accepted',
  operationVersion: 'The `api-version` that was asked for',
  resultType: '`Success`, also for a refusal',
  resultSignature: 'The reason phrase of the status: `OK`, `Forbidden`',
  resultDescription: 'The message of the error. Only on a refusal',
  durationMs: 'How long the request took, as a string',
  callerIpAddress: 'Where the request came from. Absent where the ingress could not say',
  correlationId: "The client's `x-ms-client-request-id`, or the request's own id",
  identity: "`claim`: the token's `oid`, `appid`, `appidacr`, `upn` and others. Absent where no token was accepted",
  properties: 'More about the request; see below',
};

const properties: Texts<Named<AuditProperties>> = {
  httpStatusCode: 'The status of the answer',
  id: 'The URL of the object',
  clientInfo: "The client's `User-Agent`",
  requestUri: 'The whole URL. A token in it is replaced by `…`',
  tlsVersion: '`TLS1_3` or `TLS1_2`',
  isAccessPolicyMatch: 'Whether an access policy allowed it. Absent in a vault that uses Azure RBAC',
  vaultSwitch: 'The switch of the vault that decided about this service of Azure, such as `enabledForDeployment`',
  isVaultSwitchOn: 'Whether that switch is on',
  isRbacAuthorized: 'Whether a role assignment allowed it. Absent in a vault with access policies',
  appliedAssignmentId: 'The role assignment that allowed it',
  isAddressAuthorized: 'Whether the firewall let it in. Absent where `defaultAction` is `Allow`',
  addrAuthType: '`PublicIP`, `Subnet` or `TrustedService`',
  subnetId: 'The ARM id of the subnet that the request came from. Two networks may have the same addresses',
  subnetIncarnation: "Postern's own: which life of that name the subnet is",
  trustedService: 'The trusted service that the caller is',
  verdict: "Postern's own: the firewall's verdict; see below",
  assurance: "Postern's own: how the subnet was proved, `enforced` or `declared`",
  scheduled: "Postern's own, on what the server did by itself: `kind` of work, and `dueAt`",
  seed: "Postern's own, on what a seed did at a start: the `path` of the part of the seed, and what was `done`",
  node: "Postern's own, where several servers share a store: the name of the one that recorded it",
  adoptedBy: "Postern's own: the node in whose log it is, in the place of the log of `node`, which is lost",
  ofNode: "Postern's own, where a node was removed from the list or its records were adopted: its `id` and `name`",
  recordId: "Postern's own, on a change: an id that is in the log once",
};

const verdictMembers: Texts<keyof VerdictProperty> = {
  allowed: 'Whether the firewall let the request in',
  because: 'The reason; see below',
  rule: 'The rule that matched, as the vault has it',
  explanation: 'The same in one sentence, as `postern explain` prints it',
};

const firewallReasons: Texts<Verdict['because']> = {
  defaultAction: 'Allowed: `defaultAction` is `Allow`, or the vault has no `networkAcls`',
  ipRule: 'Allowed: an IP rule contains the public address',
  virtualNetworkRule: 'Allowed: a virtual network rule names the subnet',
  trustedService: 'Allowed: the caller is a trusted service, and `bypass` is `AzureServices`',
  noIpRule: 'Denied: no IP rule contains the public address',
  ipv6: 'Denied: the request came over IPv6, which no rule can allow',
  noVirtualNetworkRule:
    'Denied: no virtual network rule is for the subnet. A rule for an earlier subnet of that name does not count',
  subnetOnlyDeclared: 'Denied: the subnet was only declared, and the server does not accept that',
  publicNetworkAccessDisabled:
    'Denied: `publicNetworkAccess` is not `Enabled`, and the caller is not a trusted service that `bypass` lets in',
  sourceUnknown: 'Denied: the ingress could not say where the request came from',
  rulesUnreadable: "Denied: the vault's stored rules cannot be read",
};

/** The decision, and how the record shows it. */
const accessReasons: Readonly<Record<AccessVerdict['because'], readonly [string, string]>> = {
  accessPolicy: ['An access policy has the permission', '`isAccessPolicyMatch: true`'],
  noAccessPolicy: ['No access policy has the permission', '`isAccessPolicyMatch: false`'],
  vaultSwitch: ['A switch of the vault decides about this service of Azure', '`vaultSwitch`, with `isVaultSwitchOn`'],
  roleAssignment: ['A role assignment has the data action', '`isRbacAuthorized: true`, with `appliedAssignmentId`'],
  noRoleAssignment: ['No role assignment is for the caller or a group of it', '`isRbacAuthorized: false`'],
  roleLacksAction: ['There is one, and its role does not have the data action', '`isRbacAuthorized: false`'],
};

/** The tables and examples of `docs/reference/audit.md`, by the names of their places. */
export function auditParts(): ReadonlyMap<string, string> {
  return new Map([
    ['categories', table(['category', 'what it records'], categories)],
    ['fields', table(['field', 'what it holds'], fields)],
    ['properties', table(['property', 'what it holds'], properties)],
    ['verdict', table(['member', 'what it holds'], verdictMembers)],
    ['firewall reasons', table(['`because`', 'what it says'], firewallReasons)],
    ['access reasons', markdownTable(['decision', 'in the record'], Object.values(accessReasons))],
    ['activities', activityTable()],
    ['failed sign-ins', signInTable()],
    ['example', `\`\`\`json\n${JSON.stringify(example(), undefined, 2)}\n\`\`\`\n`],
  ]);
}

function table(head: readonly string[], texts: Texts<string>): string {
  return markdownTable(
    head,
    Object.entries(texts).map(([name, text]) => [`\`${name}\``, text]),
  );
}

function activityTable(): string {
  const all = [activities, deletions, secretsAdded, secretsRemoved].flatMap((group) => Object.values<Activity>(group));
  const rows = all.map(({ operationName, category, type }) => [
    `\`${operationName}\``,
    `\`${category}\``,
    `\`${type}\``,
  ]);
  const seen = new Map(rows.map((row) => [row.join(' '), row]));
  return markdownTable(['`operationName`', '`properties.category`', 'type of the target'], [...seen.values()]);
}

function signInTable(): string {
  const kinds = Object.entries(errors).filter(([kind]) => isFailedSignIn({ kind }));
  const rows = kinds.map(([kind, { code, error }]) => [`\`${code ?? error}\``, `\`${kind}\``]);
  return markdownTable(['`resultType`', 'error'], rows);
}

/** The record of a caller whose address no rule of the vault contains. */
function example(): AuditRecord {
  const source: PublicSource = { kind: 'public', address: { family: 4, value: 0xcb_00_71_08, text: '203.0.113.8' } };
  const verdict = denied.noIpRule;
  const networkAcls = {
    bypass: 'None',
    defaultAction: 'Deny',
    ipRules: [{ value: '203.0.113.7' }],
    virtualNetworkRules: [],
  } as const;
  const operation = { name: 'SecretGet', permission: 'secrets/get' } as const;
  const settings = { publicNetworkAccess: 'Enabled', networkAcls } as const;
  return auditRecord({
    at: Date.UTC(2026, 0, 31, 12),
    durationMs: 1,
    operationName: operation.name,
    apiVersion: '2025-07-01',
    resourceId:
      '/subscriptions/6d2c1a3b-0000-4000-8000-000000000001/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/demo',
    status: 403,
    message: [
      'Client address is not authorized and caller was ignored because bypass is set to None',
      `Client address: ${source.address.text}`,
      `Caller: appid=${caller.applicationId};oid=${caller.objectId};iss=${caller.issuer}`,
      'Vault: demo;location=westeurope',
    ].join('\r\n'),
    source,
    caller,
    verdict,
    explanation: explain({ verdict, settings, source, caller, operation, trust: undefined }),
    correlationId: '5d7e2a6c-1b1f-4f3c-9d1e-000000000004',
    requestUri: 'https://demo.vault.localhost:8443/secrets/greeting/?api-version=2025-07-01',
    userAgent: 'azsdk-js-keyvault-secrets/4.12.0',
    objectId: 'https://demo.vault.localhost:8443/secrets/greeting',
    tlsVersion: 'TLSv1.3',
  });
}

const caller: Caller = {
  issuer: 'https://sts.windows.net/bb9670e5-0000-4000-8000-000000000005/',
  issuerClass: 'own',
  tenant: 'bb9670e5-0000-4000-8000-000000000005',
  objectId: 'bb9670e5-0000-4000-8000-000000000006',
  applicationId: '50a229a9-0000-4000-8000-000000000007',
  groups: [],
  managedIdentity: undefined,
  usedBy: undefined,
  audience: 'https://vault.azure.net',
  notBefore: 0,
  expiresAt: 1,
  claims: { appidacr: '1', idtyp: 'app' },
};
