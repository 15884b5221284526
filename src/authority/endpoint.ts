import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '../http/answer.ts';
import type { NameSet } from '../http/host.ts';
import type { Transaction } from '../store/store.ts';
import type { Source } from '../types/source.ts';
import type { Form } from './form.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { Authority } from './services.ts';

/** The identity that a caller claims. */
export interface SignInNames {
  /** The requested tenant; the home tenant if absent. */
  readonly tenant?: string | undefined;
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
}

/** A request to an endpoint of the authority. */
export interface AuthorityCall {
  /** The parameters of the endpoint's path by name, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** The tenant that the path names, a GUID in lower case; `undefined` for `common` and `organizations`. */
  readonly tenant: string | undefined;
  /** The query's parameters by name, decoded; a repeated parameter is a list. */
  readonly query: unknown;
  /** The parameters of the form or of the query, depending on the endpoint. */
  readonly form: Form;
  readonly headers: IncomingHttpHeaders;
  /** The authority's origin under the requested name. */
  readonly origin: string;
  readonly names: NameSet;
  readonly source: Source;
  /** The address that the request came from, if it is known. */
  readonly address: string | undefined;
  /** The site of that address (`siteOf`). */
  readonly site: string | undefined;
}

/** The result of an endpoint. `answer` in a refusal: the answer if it is not the refusal itself, such as the page with an error. */
export type Answered =
  /** `change` is committed before the answer. */
  | { readonly ok: true; readonly answer: Answer; readonly change?: Transaction }
  | {
      readonly ok: false;
      readonly refusal: AuthorityRefusal;
      /** The identity that the caller claims, if it is not the one in the form. */
      readonly names?: SignInNames;
      readonly answer?: Answer;
    };

/** An endpoint of the authority. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** In the notation of `find-my-way`. */
  readonly path: string;
  /** The form of its answers: JSON for programs, a page for people. */
  readonly shows: 'json' | 'page';
  /** Where its parameters are. None may be repeated. */
  readonly reads: 'form' | 'query' | 'nothing';
  /** Whether it acts in the tenant in its path, which must exist here. */
  readonly inTenant: boolean;
  readonly answer: (call: AuthorityCall, authority: Authority) => Answered | Promise<Answered>;
}
