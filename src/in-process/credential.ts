import type { Agent } from 'node:https';
import type { Application, Facts } from './backend.ts';
import type { AccessToken, Credential } from './postern.ts';
import { memberOf, send } from './send.ts';
import type { Answer } from './send.ts';

/** How an identity gets a token for a resource. */
type Ask = (resource: string) => Promise<Answer>;

interface Kept {
  readonly life: number;
  readonly token: string;
  /** By the server's clock, milliseconds since 1970. */
  readonly endsAtMs: number;
}

/** A token that ends sooner is asked for again. */
const leastMs = 60_000;

/**
 * A credential that keeps its tokens by the server's clock, which a test may move: a client that kept them by its own
 * would send one that has ended. So it tells the client that each ends at once, and is asked again for every request.
 */
function credentialBy(ask: Ask, { now, life }: Pick<CredentialParts, 'now' | 'life'>): Credential {
  const kept = new Map<string, Promise<Kept>>();
  const fresh = async (resource: string): Promise<Kept> => {
    const asked = life();
    const { status, body } = await ask(resource);
    const token = memberOf(body, 'access_token');
    if (status !== 200 || typeof token !== 'string') {
      throw new Error(`There is no token for ${resource}: ${status} ${JSON.stringify(body)}`);
    }
    return { token, life: asked, endsAtMs: now() + Number(memberOf(body, 'expires_in')) * 1000 };
  };
  return {
    async getToken(scopes: string | string[]): Promise<AccessToken> {
      const [scope = ''] = Array.isArray(scopes) ? scopes : [scopes];
      const resource = scope.replace(/\/\.default$/, '');
      const known = await kept.get(resource);
      const isUsable = known?.life === life() && known.endsAtMs - now() > leastMs;
      const usable = isUsable ? known : undefined;
      if (usable === undefined) {
        const asked = fresh(resource);
        kept.set(resource, asked);
        // Asked again after a failure.
        asked.catch(() => kept.delete(resource));
      }
      const { token } = usable ?? (await kept.get(resource)) ?? (await fresh(resource));
      return { token, expiresOnTimestamp: Date.now() };
    },
  };
}

interface CredentialParts {
  readonly facts: Facts;
  readonly agent: Agent;
  /** The server's clock. */
  readonly now: () => number;
  /** Another one after each reset: it moves the clock back, to where a token from before it is not valid yet. */
  readonly life: () => number;
}

/** An application's, the administrator's by default (RFC 6749 section 4.4). */
export function applicationCredential(
  { facts, agent, now, life }: CredentialParts,
  { clientId, clientSecret }: Pick<Application, 'clientId' | 'clientSecret'> = facts,
): Credential {
  const { home, tenantId } = facts;
  const ask: Ask = (resource) =>
    send(`${home}/${tenantId}/oauth2/v2.0/token`, agent, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: `${resource}/.default`,
      }).toString(),
    });
  return credentialBy(ask, { now, life });
}

/**
 * The credential of an application, or of a managed identity by the endpoint that App Service has.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 * @throws {Error} where there is no identity of that name
 */
export function credentialNamed(name: string, parts: CredentialParts): Credential {
  const { facts, agent, now, life } = parts;
  const isNamed = (one: { readonly name: string }) => one.name.toLowerCase() === name.toLowerCase();
  const application = facts.applications.find(isNamed);
  if (application !== undefined) return applicationCredential(parts, application);
  const found = facts.identities.find(isNamed);
  if (found === undefined) {
    const known = [...facts.identities, ...facts.applications].map((one) => one.name).join(', ');
    throw new Error(`There is no identity '${name}'. There are: ${known === '' ? 'none' : known}.`);
  }
  const { identityHeader, clientId } = found;
  const ask: Ask = async (resource) => {
    const query = new URLSearchParams({
      resource,
      'api-version': '2019-08-01',
      ...(clientId !== undefined && { client_id: clientId }),
    });
    const { status, body } = await send(`${facts.home}/msi/token?${query.toString()}`, agent, {
      headers: { 'x-identity-header': identityHeader },
    });
    const endsAtSeconds = Number(memberOf(body, 'expires_on'));
    const token = { access_token: memberOf(body, 'access_token'), expires_in: endsAtSeconds - now() / 1000 };
    return { status, body: status === 200 ? token : body };
  };
  return credentialBy(ask, { now, life });
}
