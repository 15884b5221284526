import type { ProgramIdentity } from '../cli/connection.ts';

/** How a program reaches the server: the line that `postern start --json` prints, and what a program in Node needs besides. */
export interface Facts {
  readonly home: string;
  readonly vaultSuffix: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly caFile: string;
  readonly dataDir: string;
  readonly identities: readonly ProgramIdentity[];
  readonly applications: readonly Application[];
  /** The authority, PEM. */
  readonly ca: string;
  /** Of the listener for public clients. */
  readonly port: number;
  /** How many records of the audit log are about the world itself. */
  readonly recordsAtStart: number;
}

/** An application of the world, with its secret. */
export interface Application {
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A place that requests can come from. */
export interface PlaceFound {
  /** Of a listener whose connections come from there. */
  readonly port: number;
  /** As the vaults see it. */
  readonly address: string;
  /** The ARM id of the subnet that the address is in. */
  readonly subnet?: string;
}

/** The server, in this process or in a child. Every value is plain data, so that it also passes Node's IPC channel. */
export interface Backend {
  readonly facts: Facts;
  /** @throws {TypeError} for what is neither a public address nor a subnet */
  find(place: string): Promise<PlaceFound>;
  /** The environment for a program with that identity, from the one it would inherit. */
  environment(inherited: Readonly<Record<string, string | undefined>>): Promise<Readonly<Record<string, string>>>;
  advance(ms: number): Promise<void>;
  /** Resolves when the records of all changes so far are in the audit log. */
  recorded(): Promise<void>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}
