/**
 * The types of `import { startPostern } from 'postern'`. They name no other file, so that the published declarations need
 * nothing but Node's types.
 */
/// <reference lib="esnext.disposable" />
import type { Agent } from 'node:https';

/** A public IP address, such as `203.0.113.7`, or a subnet with its service endpoint, as `network/subnet` or by its ARM id. */
export type Place = string;

/** One of these. A value of a JSON file has the type `string`: it is checked at the start. */
export type Choice<T extends string> = T | (string & Record<never, never>);

type ObjectPermission = 'all' | 'get' | 'list' | 'delete' | 'recover' | 'backup' | 'restore' | 'purge';
type KeyPermission =
  | ObjectPermission
  | 'encrypt'
  | 'decrypt'
  | 'wrapKey'
  | 'unwrapKey'
  | 'sign'
  | 'verify'
  | 'create'
  | 'update'
  | 'import'
  | 'release'
  | 'rotate'
  | 'getrotationpolicy'
  | 'setrotationpolicy';
/** The permissions of an access policy, by the kind of object. The names are checked at the start. */
export interface PermissionOn {
  readonly secrets?: readonly Choice<ObjectPermission | 'set'>[];
  readonly keys?: readonly Choice<KeyPermission>[];
  readonly certificates?: readonly string[];
  readonly storage?: readonly string[];
}

/** A secret: its value, or an object. `null` is for a server that has the secret already: a fresh one refuses it. */
export type SeedSecret =
  | string
  | null
  | {
      readonly value: string | null;
      readonly contentType?: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly enabled?: boolean;
      /** Times in UTC, such as 2027-01-31T12:00:00Z. */
      readonly notBefore?: string;
      readonly expires?: string;
    };

export interface SeedVault {
  /** Its firewall. Without it, it lets every address in. */
  readonly rules?: {
    readonly defaultAction: Choice<'Allow' | 'Deny'>;
    readonly bypass?: Choice<'AzureServices' | 'None'>;
    /** Public IPv4 addresses and ranges. */
    readonly ipRules?: readonly string[];
    /** Subnets, as `network/subnet` or by id. */
    readonly virtualNetworkRules?: readonly string[];
  };
  /** Access policies by identity, user, `administrator`, `developer` or object id; without it these two have all rights. */
  readonly access?: Readonly<Record<string, PermissionOn>>;
  readonly secrets?: Readonly<Record<string, SeedSecret>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly sku?: Choice<'standard' | 'premium'>;
  readonly softDeleteRetentionInDays?: number;
  readonly enablePurgeProtection?: boolean;
  readonly enableRbacAuthorization?: boolean;
  readonly publicNetworkAccess?: Choice<'Enabled' | 'Disabled'>;
  readonly enabledForDeployment?: boolean;
  readonly enabledForDiskEncryption?: boolean;
  readonly enabledForTemplateDeployment?: boolean;
}

/** The members of a seed file: see docs/reference/seed.md. */
export interface Seed {
  /** Of everything in it; by default `demo`. */
  readonly resourceGroup?: string;
  readonly location?: string;
  readonly networks?: Readonly<
    Record<
      string,
      {
        readonly addressPrefixes?: readonly string[];
        /** An address prefix, or an object. With the service endpoint, unless it says otherwise. */
        readonly subnets?: Readonly<
          Record<string, string | { readonly addressPrefix: string; readonly serviceEndpoint?: boolean }>
        >;
        readonly tags?: Readonly<Record<string, string>>;
      }
    >
  >;
  /** Managed identities; with a `clientSecret`, applications. */
  readonly identities?: Readonly<
    Record<string, { readonly clientSecret?: string | null; readonly clientId?: string; readonly objectId?: string }>
  >;
  readonly users?: Readonly<
    Record<
      string,
      {
        readonly password: string | null;
        readonly displayName?: string;
        readonly objectId?: string;
        readonly groups?: readonly string[];
      }
    >
  >;
  readonly vaults?: Readonly<Record<string, SeedVault>>;
}

/** The world of the server, and options of every start. Without a world there is the demo world. */
export interface PosternOptions extends Seed {
  /** The server's time at the start. It then stays until `advance` moves it; without it, it goes on by itself. */
  readonly clock?: Date;
  /** The limits and forms of rules: those of the document (the default), or Azure's of today. */
  readonly ruleProfile?: 'documented' | 'current';
  /** The contents of a configuration file, such as `limits`, `issuers` or `softDelete`: see docs/reference/configuration.md. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** As `@azure/core-auth` has it. */
export interface AccessToken {
  token: string;
  /** Milliseconds since 1970. */
  expiresOnTimestamp: number;
}

/** A `TokenCredential` of `@azure/core-auth`, for every client of the Azure SDK. */
export interface Credential {
  getToken(scopes: string | string[]): Promise<AccessToken>;
}

/** The options by which a client of the Azure SDK finds this server, whatever names resolve to, and trusts it. */
export interface ClientOptions {
  agent: Agent;
  additionalPolicies: { policy: ConnectingPolicy; position: 'perCall' }[];
}

/** A policy of `@azure/core-rest-pipeline`, for clients that are older than the option `agent`. */
export interface ConnectingPolicy {
  name: string;
  sendRequest<Request, Response>(
    request: Request & { agent?: unknown },
    next: (request: Request) => Promise<Response>,
  ): Promise<Response>;
}

/** A request to read a secret. */
export interface SecretRequest {
  readonly vault: string;
  readonly secret: string;
  /** Where it comes from; by default from 127.0.0.1, which the vaults see as 203.0.113.1. */
  readonly from?: Place;
  /** The name of an identity; by default the administrator. */
  readonly as?: string;
}

/** A question to `explain`. */
export interface Question {
  readonly vault: string;
  readonly from: Place;
  /** The permission that the request needs, such as `keys/unwrapKey`; by default `secrets/get`. */
  readonly permission?: string;
}

/** The verdict of a vault's firewall on a request, with its reason. */
export interface Explanation {
  readonly allowed: boolean;
  /** Such as `ipRule`, `virtualNetworkRule`, `noIpRule` or `defaultAction`. */
  readonly because: string;
  readonly explanation: string;
  /** Commands that let the request in, the smallest change first; empty where it is let in. */
  readonly fixes: readonly (readonly string[])[];
}

/** A record of the audit log, as docs/reference/audit.md describes it. */
export interface AuditRecord {
  readonly time: string;
  readonly category: string;
  readonly operationName: string;
  readonly resourceId: string;
  /** The reason phrase of the answer, such as `OK` or `Forbidden`. */
  readonly resultSignature?: string;
  /** The message of the error, where the request was refused. */
  readonly resultDescription?: string;
  readonly callerIpAddress?: string;
  /** Of whom the token was: `oid` and `appid`, and for a managed identity the `xms_mirid` that ends with its name. */
  readonly identity?: { readonly claim?: Readonly<Record<string, unknown>> };
  readonly properties: {
    readonly httpStatusCode?: number;
    /** The firewall's verdict. */
    readonly verdict?: { readonly allowed: boolean; readonly because: string; readonly explanation: string };
    readonly [property: string]: unknown;
  };
  readonly [member: string]: unknown;
}

/** A running server, alone in memory. */
export interface Postern extends AsyncDisposable {
  /** `https://localhost:PORT`: the resource manager, the authority, Graph and the portal. */
  readonly url: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** The authority that the server's certificate is from, PEM. */
  readonly ca: string;
  /** Of the administrator. */
  readonly credential: Credential;
  /** For a client whose requests the vaults see as coming from 203.0.113.1. */
  readonly clientOptions: ClientOptions;
  /** The environment for a child process: authority and identity, and for a program in Node the names too. */
  readonly env: Readonly<Record<string, string>>;
  /** `https://NAME.vault.localhost:PORT`. */
  vaultUrl(name: string): string;
  /** The credential of an identity, by its name. */
  credentialOf(identity: string): Credential;
  /** For a client whose requests come from there. */
  clientOptionsFrom(place: Place): ClientOptions;
  /** Moves the server's clock forward, and resolves when what became due is done. */
  advance(ms: number): Promise<void>;
  explain(question: Question): Promise<Explanation>;
  /** The records of all requests so far, the first one first; those of every request that was answered are there. */
  audit(): Promise<readonly AuditRecord[]>;
  /** Reads the secret, and throws with the reason unless the vault's firewall, or its `publicNetworkAccess`, denies it. */
  expectDenied(request: SecretRequest): Promise<void>;
  /** Reads the secret and returns its value, or throws with the reason if it was refused. */
  expectAllowed(request: SecretRequest): Promise<string>;
  /** Makes everything as it was after the start, the clock too. Clients, credentials and options stay usable. */
  reset(): Promise<void>;
  /** Ends the server, and leaves nothing behind. */
  stop(): Promise<void>;
}
