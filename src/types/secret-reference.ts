/** What a Key Vault reference in the parameters of a deployment asks for. */
export interface SecretAsked {
  /** ARM id of the vault. */
  readonly vaultId: string;
  /** `https://NAME.vault.localhost:8443`, under the names that were asked. */
  readonly origin: string;
  readonly secretName: string;
  readonly secretVersion: string | undefined;
  readonly correlationId: string;
}

/** The secret's value, or what the vault answers instead. */
export type SecretRead =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly status: number; readonly message: string };
