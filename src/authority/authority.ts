import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { SecretCheck } from '../directory/secret.ts';
import { Router } from '../edge/router.ts';
import { send } from '../http/answer.ts';
import type { Answer } from '../http/answer.ts';
import type { Turns } from '../edge/turns.ts';
import type { HomeListener, NameSet } from '../http/host.ts';
import { noteSubject } from '../http/measured.ts';
import { isGuid } from '../shape/shape.ts';
import type { Source } from '../types/source.ts';
import { AssertionUses } from './assertion-uses.ts';
import { AuthorizationCodes } from './authorization-codes.ts';
import { deviceEndpoints } from './device-authorization.ts';
import { DeviceCodes } from './device-codes.ts';
import { discoveryEndpoints } from './discovery.ts';
import { authorityEdge } from './edge.ts';
import type { Endpoint } from './endpoint.ts';
import { metadataListener } from './instance-metadata.ts';
import type { AnswerEndpoint } from './instance-metadata.ts';
import { Fleeting } from './fleeting.ts';
import { identityEndpoints } from './managed-identity.ts';
import { SharedAttempts } from './attempts-of-nodes.ts';
import { SharedAssertionUses, SharedCodes, SharedDevices } from './codes-of-nodes.ts';
import { SignInAttempts } from './sign-in-attempts.ts';
import { signInEndpoints } from './sign-in/endpoints.ts';
import { tokenEndpoints } from './token.ts';
import type { Authority, AuthorityServices } from './services.ts';

/** The services of the authority's listeners. */
export interface AuthorityListenerServices extends AuthorityServices {
  readonly turns: Turns;
  /** The names for a request that names none of our hosts. */
  readonly names: NameSet;
  /** The source of a connection, as proved by the ingress. */
  readonly sourceOf: (socket: Socket) => Source;
}

/** The endpoints that Azure has at the names of its authority, too. */
const authorityEndpoints: readonly Endpoint[] = [
  ...tokenEndpoints,
  ...deviceEndpoints,
  ...discoveryEndpoints,
  ...signInEndpoints,
];

/** Every endpoint of the authority. */
export const endpoints: readonly Endpoint[] = [...authorityEndpoints, ...identityEndpoints];

/** The listeners of the authority. */
export interface AuthorityListeners {
  readonly home: HomeListener;
  /** The instance metadata of a subnet's workloads, for the subnet's metadata listener. */
  readonly metadata: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Creates the authority's request listeners. The order of a request is the table in `pipeline.ts`. */
export function createAuthority(given: AuthorityListenerServices): AuthorityListeners {
  const { turns, sourceOf, now, newId } = given;
  const authority: Authority = {
    ...given,
    secretCheck: new SecretCheck(now),
    ...remembering(given),
  };
  const answer = (names: NameSet, ...[raw, response, found]: Parameters<AnswerEndpoint>) => {
    const { url = '', headers } = raw;
    const request = {
      requestId: correlationIdOf(headers) ?? newId(),
      connection: raw.socket,
      raw,
      url,
      headers,
      params: found.params,
      names,
      source: sourceOf(raw.socket),
      query: found.query,
      endpoint: found.to,
    };
    const operation = `${found.to.method} ${found.to.path}`;
    turns.answer({
      edge: authorityEdge,
      services: authority,
      request,
      respond(answered) {
        noteSubject(response, { edge: 'authority', operation });
        if (answered === undefined) response.destroy();
        // RFC 6749 section 5.1: answers with tokens must not be cached.
        else send(response, answered, ['cache-control', 'no-store', 'pragma', 'no-cache'], mediaTypeOf(answered));
      },
    });
  };
  // On the fabric's listeners a workload has the identity of its place, from instance metadata, and no secret gives it another.
  const [ownNames, azureNames] = [routerOf(endpoints), routerOf(authorityEndpoints)];
  return {
    home(raw, response, { names, service }) {
      const { method = '', url = '' } = raw;
      const found = (service === undefined ? ownNames : azureNames).find(method, url);
      if (found !== undefined) answer(names, raw, response, found);
      return found !== undefined;
    },
    metadata: metadataListener((raw, response, found) => answer(given.names, raw, response, found)),
  };
}

/** Memory of this process; or of all nodes, so that what begins on one ends on another. */
function remembering(
  given: AuthorityServices,
): Pick<Authority, 'assertionUses' | 'attempts' | 'deviceCodes' | 'authorizationCodes'> {
  const { store, now, shared } = given;
  const [assertionUses, deviceCodes] = [new AssertionUses(now), new DeviceCodes(now)];
  const attempts = new SignInAttempts(now);
  if (shared !== true) return { assertionUses, attempts, deviceCodes, authorizationCodes: new AuthorizationCodes(now) };
  const parts = { ...given, fleeting: new Fleeting(store, now) };
  return {
    assertionUses: new SharedAssertionUses(parts, assertionUses),
    deviceCodes: new SharedDevices(parts, deviceCodes),
    authorizationCodes: new SharedCodes(parts),
    attempts: new SharedAttempts(parts, attempts),
  };
}

function routerOf(served: readonly Endpoint[]): Router<Endpoint> {
  return new Router(served.map((endpoint) => ({ method: endpoint.method, path: endpoint.path, to: endpoint })));
}

function correlationIdOf({ 'client-request-id': sent }: IncomingHttpHeaders): string | undefined {
  return typeof sent === 'string' && isGuid(sent) ? sent : undefined;
}

/** A page is a string; every other body is JSON. */
function mediaTypeOf({ body }: Answer): string | undefined {
  return typeof body === 'string' ? 'text/html; charset=utf-8' : undefined;
}
