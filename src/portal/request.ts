import { readErrorBody } from './error-body.ts';
import { nextPage } from './next-page.ts';
import { ownUrl } from './own-path.ts';
import { ownVault } from './own-vault.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';
import { typedJson } from './typed-json.ts';

/** Why a request has no answer to show. */
export type Failure =
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: string;
      /** `ForbiddenByFirewall`, `ForbiddenByPolicy` and the like, where a vault says which. */
      readonly innerCode: string | undefined;
      /** The server's own sentence. */
      readonly message: string;
      readonly requestId: string | undefined;
      readonly retryAfterSeconds: number | undefined;
    }
  /** No answer at all. A browser does not tell a script why: the server is away, or its certificate is not trusted. */
  | { readonly kind: 'unreachable'; readonly origin: string };

/** Thrown where a request is refused or does not arrive. */
export class RequestFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.kind === 'refused' ? failure.message : `${failure.origin} cannot be reached`);
    this.name = 'RequestFailed';
    this.failure = failure;
  }
}

export interface Call {
  readonly method?: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The ETag that the change was made from. */
  readonly ifMatch?: string;
  /** Makes, and refuses to change what is there. */
  readonly ifNoneMatch?: '*';
  readonly signal?: AbortSignal;
}

export interface Answered<T> {
  readonly value: T;
  readonly status: number;
  readonly headers: Headers;
}

/** The three services that the pages speak to, each with the signed-in user's own token. */
export interface Services {
  /** `path` begins with `/subscriptions`, and its query has the api-version. */
  readonly arm: <T>(path: string, call?: Call) => Promise<Answered<T>>;
  readonly graph: <T>(path: string, call?: Call) => Promise<Answered<T>>;
  /** `vaultUri` as the resource manager gives it, `https://demo.vault.localhost:8443/`; `path` without a leading slash. */
  readonly vault: <T>(vaultUri: string, path: string, call?: Call) => Promise<Answered<T>>;
  /** Every page of a list, each as it arrives. */
  readonly pages: <T>(list: List, signal?: AbortSignal) => AsyncGenerator<readonly T[]>;
}

export interface List {
  /** The path at the resource manager, or the URL at a vault. */
  readonly first: string;
  readonly of: 'arm' | 'vault';
  /** How long the first page of the resource manager is: a short one is there at once. The others are as long as may be. */
  readonly firstRows?: number;
}

interface Page<T> {
  readonly value: readonly T[];
  readonly nextLink?: string | null;
}

export function servicesOf(session: Session, settings: Settings): Services {
  const { origin } = settings;
  const send = async <T>(url: URL, resource: string, call: Call = {}) => {
    try {
      return await answered<T>(url, await session.tokenFor(resource), call);
    } catch (error) {
      // The token ended before its time by this page's clock, as after the computer slept.
      if (!(error instanceof RequestFailed && error.failure.kind === 'refused' && error.failure.status === 401))
        throw error;
      session.dropToken(resource);
      return answered<T>(url, await session.tokenFor(resource), call);
    }
  };
  const at = {
    arm: async <T>(path: string, call?: Call) => send<T>(ownUrl(path, origin), settings.resourceManagerResource, call),
    graph: async <T>(path: string, call?: Call) => send<T>(ownUrl(path, origin), settings.graphResource, call),
    vault: async <T>(vaultUri: string, path: string, call?: Call) =>
      send<T>(ownUrl(`/${path}`, new URL(ownVault(vaultUri, settings)).origin), settings.vaultResource, call),
  };
  return {
    ...at,
    async *pages<T>({ first, of, firstRows }: List, signal?: AbortSignal) {
      const resource = of === 'arm' ? settings.resourceManagerResource : settings.vaultResource;
      if (of === 'vault') ownVault(first, settings);
      const start = of === 'arm' ? ownUrl(first, origin) : new URL(first);
      if (firstRows !== undefined) start.searchParams.set('$top', String(firstRows));
      const asked = new Set([start.href]);
      let next: URL | undefined = start;
      while (next !== undefined) {
        const { value }: Answered<Page<T>> = await send(next, resource, signal === undefined ? {} : { signal });
        yield value.value;
        next = nextPage(value.nextLink, start, asked);
        if (next !== undefined) asked.add(next.href);
        if (firstRows !== undefined) next?.searchParams.delete('$top');
      }
    },
  };
}

async function answered<T>(
  url: URL,
  token: string,
  { method = 'GET', body: sent, ifMatch, ifNoneMatch, signal }: Call,
): Promise<Answered<T>> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(sent !== undefined && { 'content-type': 'application/json' }),
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
  };
  // Without a cache: a browser writes to its disk what a vault answered, although it would ask again before using it.
  const response = await fetch(url, {
    method,
    headers,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    ...(sent !== undefined && { body: JSON.stringify(sent) }),
    ...(signal !== undefined && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new RequestFailed({ kind: 'unreachable', origin: url.origin });
  });
  const body = await response.text();
  if (!response.ok) throw new RequestFailed(refusalOf(response, body));
  return { value: typedJson<T>(body === '' ? 'null' : body), status: response.status, headers: response.headers };
}

function refusalOf({ status, headers }: Response, body: string): Failure {
  const { code = String(status), innerCode, message = `The server answered ${status}.` } = readErrorBody(body);
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN);
  return {
    kind: 'refused',
    status,
    code,
    innerCode,
    message,
    requestId: headers.get('x-ms-request-id') ?? undefined,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined,
  };
}
