import type { IncomingHttpHeaders } from 'node:http';
import { Refused } from '../edge/edge.ts';
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

export interface Answered {
  readonly answer: Answer;
  /** Committed before the answer. */
  readonly change?: Transaction;
}

/** A refusal that is not its own answer: the page is shown again, or the client is told by a redirect. */
export class AnsweredRefusal extends Refused<AuthorityRefusal> {
  readonly answer: Answer;
  /** The identity that the caller claims. */
  readonly names: SignInNames;

  constructor(refusal: AuthorityRefusal, answer: Answer, names: SignInNames = {}) {
    super(refusal);
    this.answer = answer;
    this.names = names;
  }
}

/** An endpoint of the authority. `answer` throws or rejects with `Refused` if the request is refused. */
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
