import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '../http/answer.ts';
import type { Source } from '../types/source.ts';
import type { Form } from './form.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './services.ts';

/** The identity that a caller claims. */
export interface SignInNames {
  /** The tenant that is served; the home tenant unless given. */
  readonly tenant?: string | undefined;
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
}

/** A request to an endpoint of the authority. */
export interface AuthorityCall {
  /** What the endpoint's path says by name, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** The tenant that the path names, a GUID in lower case; `undefined` for `common` and `organizations`. */
  readonly tenant: string | undefined;
  /** The query by name, decoded; a parameter that is given twice is a list. */
  readonly query: unknown;
  /** The parameters of the form or the query, whichever the endpoint reads. */
  readonly form: Form;
  readonly headers: IncomingHttpHeaders;
  /** The authority's, under the name set that was asked. */
  readonly origin: string;
  readonly source: Source;
  /** Where the request came from, where that is known. */
  readonly address: string | undefined;
  /** What it has in common with its neighbours (`siteOf`). */
  readonly site: string | undefined;
}

/** `refused`: what is answered where that is not the refusal itself, as when a page is shown again with it. */
export type Answered =
  | { readonly ok: true; readonly answer: Answer }
  | {
      readonly ok: false;
      readonly refusal: AuthorityRefusal;
      /** The identity that the caller claims, where that is not what the form says. */
      readonly names?: SignInNames;
      readonly answer?: Answer;
    };

/** An endpoint of the authority, whole on one card. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** In the notation of `find-my-way`. */
  readonly path: string;
  /** What it shows: JSON to programs, a page to people. */
  readonly shows: 'json' | 'page';
  /** Where its parameters are, none of which may come twice. */
  readonly reads: 'form' | 'query' | 'nothing';
  /** Whether it acts in the tenant that its path names, which must be one that is served. */
  readonly inTenant: boolean;
  readonly answer: (call: AuthorityCall, authority: Authority) => Answered | Promise<Answered>;
}
