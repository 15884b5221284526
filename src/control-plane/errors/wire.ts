import type { ControlRefusal } from '../refusal.ts';

export interface WireError<R> {
  readonly status: number;
  readonly code: string;
  readonly message: (refusal: R, tenantId: string) => string;
}

export type Kind = ControlRefusal['kind'];
export type OfKind<K extends Kind> = Extract<ControlRefusal, { readonly kind: K }>;
export type Errors = { readonly [K in Kind]: WireError<OfKind<K>> };
