import { corsHeaders } from '../http/cors.ts';
import type { VaultInForce } from '../rulebook/rulebook.ts';
import type { Source } from '../types/source.ts';
import type { AccessVerdict } from '../types/verdict.ts';
import type { Exchange } from './pipeline.ts';
import { clientRequestId } from './request.ts';
import type { VaultRequest } from './request.ts';

/** The version that Azure's data plane stated when its exchanges were recorded; clients show it, none compares it. */
const serviceVersion = '1.9.3038.1';

const fixed = [
  ['cache-control', 'no-cache'],
  ['pragma', 'no-cache'],
  ['expires', '-1'],
  ['x-ms-keyvault-service-version', serviceVersion],
  ['x-content-type-options', 'nosniff'],
  ['strict-transport-security', 'max-age=31536000;includeSubDomains'],
].flat();

/** The headers that stand on every answer of a vault, refusals included: name, value, name, value. */
export function answerHeaders(exchange: Exchange, corsOrigins: readonly string[]): string[] {
  const { vault, request, permission: access } = exchange;
  const { requestId, source } = request;
  const headers = [...fixed, 'x-ms-keyvault-region', vault?.location ?? 'unknown', 'x-ms-request-id', requestId];
  headers.push('x-ms-keyvault-network-info', networkInfo(source));
  const clientId = clientRequestId(request);
  if (clientId !== undefined) headers.push('x-ms-client-request-id', clientId);
  if (access !== undefined) add(headers, rbacHeaders(access));
  if (request.headers.origin !== undefined) add(headers, corsHeaders(request.headers.origin, corsOrigins));
  return headers;
}

function add(headers: string[], more: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(more)) headers.push(name, value);
}

/**
 * What a vault that leaves its data plane to role assignments says of the one that it found, and of its cache. The ages
 * are of assignments, deny assignments and roles, in seconds: what is decided on is never older than the request.
 */
const rbacCache = { 'x-ms-keyvault-rbac-cache': 'ra_age=0;da_age=0;rd_age=0;brd_age=0;ra_notif_age=0;dec_lev=1;' };

function rbacHeaders(access: AccessVerdict): Record<string, string> {
  if (access.because === 'accessPolicy' || access.because === 'noAccessPolicy') return {};
  if (!access.allowed) return rbacCache;
  return { 'x-ms-keyvault-rbac-assignment-id': access.assignment, ...rbacCache };
}

/** The challenge from which clients learn tenant and resource (authentication-requests-and-responses). */
export function challengeHeader({ names }: VaultRequest, vault: VaultInForce): Record<string, string> {
  const authorization = `${names.authority}/${vault.properties.tenantId}`;
  return { 'www-authenticate': `Bearer authorization="${authorization}", resource="${names.vaultResource}"` };
}

/**
 * The address as the vault saw it. Over a service endpoint Azure states the private one, and IPv6 as its family
 * (private-link-diagnostics).
 */
function networkInfo(source: Source): string {
  if (source.kind === 'unknown') return 'addr=unknown;';
  const { family, text } = source.address;
  if (source.kind === 'subnet') return `addr=${text};act_addr_fam=InterNetworkV6;`;
  return family === 4
    ? `conn_type=Ipv4;addr=${text};act_addr_fam=InterNetwork;`
    : `conn_type=Ipv6;addr=${text};act_addr_fam=InterNetworkV6;`;
}
