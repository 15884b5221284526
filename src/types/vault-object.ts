import type { VaultRecord } from './vault.ts';

/**
 * A secret or key that the resource manager asks the data plane for. It does not matter whom the vault's network lets
 * in.
 */
export interface ObjectRequest {
  readonly vault: VaultRecord;
  /** `https://NAME.vault.localhost:8443` */
  readonly origin: string;
  readonly apiVersion: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly name: string;
  readonly version?: string;
  /** The body in the form that the data plane reads. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** One page of a list. */
export interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
}

/** An object as a resource: what the resource manager may show of it, without its value or key material. */
export interface ResourceObject {
  readonly name: string;
  readonly version: string;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface ObjectPage {
  readonly items: readonly ResourceObject[];
  readonly next?: string;
}

/** The object with the `Change` to commit, or a refusal in the data plane's words. */
export type ObjectAnswer<Change> =
  | { readonly ok: true; readonly value: ResourceObject; readonly change?: Change }
  | { readonly ok: false; readonly status: number; readonly message: string };
