/**
 * CORS of the vaults (Fetch standard): a page of an allowed origin may call a vault itself, as Azure's portal does, and
 * may read a refusal as well as an answer, so these headers stand on every answer.
 */
const exposed = [
  'WWW-Authenticate',
  'x-ms-client-request-id',
  'x-ms-keyvault-network-info',
  'x-ms-keyvault-region',
  'x-ms-request-id',
].join(', ');

/** Headers for an answer to `origin`; none where that origin is not allowed. */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (origin === undefined || !allowed.includes(origin)) return {};
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed, vary: 'Origin' };
}

/** What the answer to a preflight request has beside `corsHeaders`. */
export function preflightHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (origin === undefined || !allowed.includes(origin)) return {};
  return {
    'access-control-allow-methods': 'GET, PUT, POST, PATCH, DELETE',
    'access-control-allow-headers': 'authorization, content-type, x-ms-client-request-id, x-ms-useragent',
    'access-control-max-age': '600',
  };
}
