import type { Facts, PlaceFound } from './backend.ts';
import type { PosternOptions } from './postern.ts';

export type Environment = Readonly<Record<string, string>>;

/** A call of `Backend` on its way to the child. */
export type Call =
  | { readonly call: 'start'; readonly options: PosternOptions }
  | { readonly call: 'find'; readonly place: string }
  | { readonly call: 'environment'; readonly inherited: Readonly<Record<string, string | undefined>> }
  | { readonly call: 'advance'; readonly ms: number }
  | { readonly call: 'recorded' }
  | { readonly call: 'reset' }
  | { readonly call: 'stop' };

export type Asked = Call & { readonly id: number };

/** The result of a call. */
export interface Returned {
  readonly facts?: Facts;
  readonly place?: PlaceFound;
  readonly environment?: Environment;
}

export type Answered =
  | { readonly id: number; readonly ok: true; readonly returned: Returned }
  | { readonly id: number; readonly ok: false; readonly name: string; readonly message: string };
