import type { VaultRecord } from './vault.ts';

/** A secret or key as the resource manager asks the data plane for it, whoever is asked about the vault's network. */
export interface ObjectAsked {
  readonly vault: VaultRecord;
  /** `https://NAME.vault.localhost:8443` */
  readonly origin: string;
  readonly apiVersion: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly name: string;
  readonly version?: string;
  /** The body as the data plane reads it. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A page of them. */
export interface PageAsked {
  readonly after: string | undefined;
  readonly limit: number;
}

/** An object as a resource: what the resource manager may show of it. Neither a value nor key material is in it. */
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

/** With the `Change` to commit, or refused in the words of the data plane. */
export type ObjectAnswer<Change> =
  | { readonly ok: true; readonly value: ResourceObject; readonly change?: Change }
  | { readonly ok: false; readonly status: number; readonly message: string };
