import type { Connection, ProgramIdentity } from '../connection.ts';

/** Variables to set, and variables of the inherited environment to remove. */
export interface EnvironmentChange {
  readonly set: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
}

export type Inherited = Readonly<Record<string, string | undefined>>;

export interface RootFiles {
  /**
   * The path of a file with the roots of `base` (undefined: the system's) and our own authority.
   */
  readonly rootsWith: (base: string | undefined) => string;
  /** The path of a file with our own authority, beside the ones that Node is given in `base`. */
  readonly extraWith: (base: string | undefined) => string;
}

export interface EnvironmentInput extends RootFiles {
  readonly inherited: Inherited;
  readonly connection: Connection;
  readonly identity: ProgramIdentity;
}

/**
 * What leads `DefaultAzureCredential` and its like to another identity or cloud. Variables that only an application
 * reads, such as `AZURE_KEYVAULT_URL`, stay.
 * https://learn.microsoft.com/azure/developer/python/sdk/azure-sdk-configure-environment-variables
 */
export const leadElsewhere: readonly string[] = [
  'AZURE_ADDITIONALLY_ALLOWED_TENANTS',
  'AZURE_AUTHORITY_HOST',
  'AZURE_CLIENT_CERTIFICATE_PASSWORD',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'AZURE_CLIENT_ID',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN',
  'AZURE_FEDERATED_TOKEN_FILE',
  'AZURE_PASSWORD',
  'AZURE_POD_IDENTITY_AUTHORITY_HOST',
  'AZURE_REGIONAL_AUTHORITY_NAME',
  'AZURE_TENANT_ID',
  'AZURE_TOKEN_CREDENTIALS',
  'AZURE_USERNAME',
  'DEFAULT_IDENTITY_CLIENT_ID',
  'IDENTITY_SERVER_THUMBPRINT',
  'IMDS_ENDPOINT',
  'MSI_ENDPOINT',
  'MSI_SECRET',
];

/**
 * Each names a file of roots that its programs use instead of the system's: OpenSSL, Go, .NET and curl the first, Python's
 * requests the second, or else the third. The others are set only where they are inherited, for without them their
 * programs use the first, or roots that are not files.
 */
const rootsVariables = {
  SSL_CERT_FILE: ['SSL_CERT_FILE'],
  REQUESTS_CA_BUNDLE: ['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'],
} as const;
const inheritedRoots = [
  'AWS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'DENO_CERT',
  'GIT_SSL_CAINFO',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'HTTPLIB2_CA_CERTS',
  'NIX_SSL_CERT_FILE',
  'PIP_CERT',
] as const;

/** Where distributions keep the roots that their programs trust: Debian and Alpine, Fedora, openSUSE, macOS. */
export const systemRootFiles: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Programs read one or the other. */
const proxyVariables = ['NO_PROXY', 'no_proxy'] as const;

/** The files of roots that an environment names and the system does not have already. */
export function ownRootFiles(inherited: Inherited): readonly string[] {
  const named = [...Object.values(rootsVariables).flat(), ...inheritedRoots, 'NODE_EXTRA_CA_CERTS'];
  const files = named.flatMap((name) => inherited[name] ?? []);
  return [...new Set(files)].filter((file) => file !== '' && !systemRootFiles.includes(file));
}

/** The variables by which a program trusts our own authority beside all that it trusted. */
export function rootsEnvironment(
  inherited: Inherited,
  { rootsWith, extraWith }: RootFiles,
): Readonly<Record<string, string>> {
  const always = Object.entries(rootsVariables).map(([name, bases]) => {
    const base = bases.map((variable) => inherited[variable]).find((file) => file !== undefined);
    return [name, rootsWith(base)] as const;
  });
  const others = inheritedRoots.filter((name) => inherited[name] !== undefined);
  return Object.fromEntries([
    ...always,
    ...others.map((name) => [name, rootsWith(inherited[name])] as const),
    ['NODE_EXTRA_CA_CERTS', extraWith(inherited['NODE_EXTRA_CA_CERTS'])] as const,
  ]);
}

/** The change by which a program trusts the server and signs in to it: with a managed identity in the form of App Service. */
export function environmentChange(input: EnvironmentInput): EnvironmentChange {
  const { inherited, connection, identity } = input;
  const direct = proxyVariables.map((name) => [name, withoutProxy(inherited[name], connection)] as const);
  return {
    set: {
      IDENTITY_ENDPOINT: `${connection.home}/msi/token`,
      IDENTITY_HEADER: identity.identityHeader,
      ...(identity.clientId !== undefined && { AZURE_CLIENT_ID: identity.clientId }),
      ...rootsEnvironment(inherited, input),
      ...Object.fromEntries(direct),
    },
    unset: leadElsewhere.filter(
      (name) => inherited[name] !== undefined && !(name === 'AZURE_CLIENT_ID' && identity.clientId !== undefined),
    ),
  };
}

/**
 * The variable by which a Java trusts the file `store` where its own file of roots cannot be replaced. Java says on its
 * standard error that it read it. Options that name another file stay as they are.
 */
export function javaEnvironment(
  { JAVA_TOOL_OPTIONS: given = '' }: Inherited,
  store: string,
): Readonly<Record<string, string>> {
  const option = '-Djavax.net.ssl.trustStore=';
  if (given.includes(option)) return {};
  // Java ends an option at a space, except in quotation marks.
  return { JAVA_TOOL_OPTIONS: `${given} ${option}${/\s/.test(store) ? `"${store}"` : store}`.trimStart() };
}

/** The environment with the change made. */
export function changed(inherited: Inherited, { set, unset }: EnvironmentChange): Record<string, string> {
  const kept = Object.entries(inherited).filter(([name]) => !unset.includes(name));
  return Object.fromEntries(
    [...kept, ...Object.entries(set)].flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** A proxy must not be asked for our names: it could not reach them, and would read what is sent. */
function withoutProxy(inherited: string | undefined, { home }: Connection): string {
  const domain = new URL(home).hostname;
  const listed = (inherited ?? '').split(',').map((name) => name.trim());
  const names = [...listed, domain, `.${domain}`, '127.0.0.1'].filter((name) => name !== '');
  return [...new Set(names)].join(',');
}
