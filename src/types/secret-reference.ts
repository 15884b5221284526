/** The secret that a Key Vault reference in the parameters of a deployment names. */
export interface SecretRequest {
  /** ARM id of the vault. */
  readonly vaultId: string;
  /** `https://NAME.vault.localhost:8443`, with the host name of the request. */
  readonly origin: string;
  readonly secretName: string;
  readonly secretVersion: string | undefined;
  readonly correlationId: string;
}

/** The secret's value, or the vault's refusal. */
export type SecretRead =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly status: number; readonly message: string };
