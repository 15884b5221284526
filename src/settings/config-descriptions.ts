import { auditDescriptions } from './audit-descriptions.ts';
import type { Description, MemberPath } from './member-path.ts';

const guid = 'a GUID';
const file = 'a path';
const transactions = 'How many transactions of this class a vault takes in ten seconds: ';
const resourceGuid = 'the `resourceGuid` of the subnet';

/** Every member of the configuration file, in the order of the reference. */
export const descriptions: Readonly<Record<MemberPath, Description>> = {
  port: { what: 'The port of the public listeners; 0 takes any free one', default: '8443' },
  listen: { what: 'The addresses to listen on', form: 'an IP address', default: '`127.0.0.1` and `::1`' },
  data: { what: 'The data folder', form: file, default: '`postern-data` in the working directory' },
  memory: { what: '`true`: everything is kept in memory, and nothing is left on disk', default: '`false`' },
  store: {
    what: 'The database that has the records, which several servers can share',
    default: 'the data folder has them',
  },
  'store.url': {
    what: 'Where the database is. Several hosts are tried in their order',
    form: '`postgres://USER@HOST/DATABASE` without a password',
    default: 'that of `--store`',
  },
  'store.passwordFile': {
    what: 'The password of that user',
    form: file,
    default: 'that of `PGPASSWORD`, or none',
  },
  'store.caFile': {
    what: 'PEM: the authorities that the certificate of the database is verified with',
    form: file,
    default: 'those that Node trusts',
  },
  'store.listenUrl': {
    what: 'A way to the same database past a pooler, for notifications of commits',
    form: '`postgres://USER@HOST/DATABASE` without a password',
    default: '`url`; through a pooler, the database is asked each 250 ms',
  },
  node: {
    what: 'The name of this server among those of its store',
    form: '1 to 63 lower-case letters, digits, hyphens and dots',
    default: 'the name of this machine',
  },
  domain: {
    what: 'The DNS name of this host; vaults are `<vault>.vault.NAME`',
    form: 'a DNS name in lower case',
    default: '`localhost`',
  },
  publicPort: {
    what: 'The port in the URLs of clients, where a container or a firewall maps it to `port`; `"any"`: each answer has the port that its request names',
    form: 'a whole number from 1 to 65,535, or `"any"`',
    default: 'that of the listeners',
  },
  json: {
    what: '`true`: one line of JSON is printed when the server is ready, instead of plain text',
    default: '`false`',
  },
  logLevel: {
    what: "What the server's own log has: failures; warnings too; what it does by itself too; or a line for each request too",
    default: '`info`',
  },
  nat: {
    what: 'Shows clients of the first range as addresses of the second, with the same host part; `[]` for no table',
    form: '`CIDR=CIDR`, or `bridge` for the private network of a container',
    default: '`127.0.0.0/24=203.0.113.0/24` and `::1=203.0.113.1`, but none if a listener is not on loopback',
  },
  rules: {
    what: 'Limits and forms of rules: those of the document, or those of Azure in 2026',
    default: '`documented`',
  },
  user: {
    what: 'The user that the worker runs as when root starts it',
    form: 'a name or a uid, as a string',
    default: 'the user `postern` if it exists, else 61043',
  },
  readers: {
    what: 'How many processes answer reads of secrets, keys and certificates beside the worker',
    default: '0',
  },
  seed: {
    what: 'A seed: each start makes and changes what it names; the first start makes it instead of the demo',
    form: file,
  },
  prune: {
    what: '`true`: what the seed does not name is removed from its resource group, and identities and users of earlier seeds',
    default: '`false`',
  },
  acceptDeclared: {
    what: '`true`: a subnet that is only declared, not enforced, satisfies virtual network rules',
    default: '`false`',
  },
  demo: { what: '`false`: the first start does not make the demo vault', default: '`true`' },

  users: { what: 'People who may sign in' },
  'users[].userPrincipalName': { what: 'The name that the user signs in with. No two users may have the same' },
  'users[].password': { what: 'The password', form: '8 to 256 characters' },
  'users[].objectId': { what: "The user's id in the directory", form: guid, default: 'a new one' },
  'users[].displayName': { what: 'The name that is shown', default: 'the `userPrincipalName`' },
  'users[].groups': { what: 'Object ids of the groups that the user is a member of', form: guid },

  clients: { what: 'Applications and managed identities' },
  'clients[].clientId': { what: "The application's id. No two clients may have the same", form: guid },
  'clients[].objectId': { what: "The service principal's id in the directory", form: guid, default: 'a new one' },
  'clients[].tenantId': { what: 'The tenant that the client is in', form: guid, default: "the server's own" },
  'clients[].secret': { what: 'A secret that the client proves itself with' },
  'clients[].certificate': { what: 'A PEM file: the certificate that the client proves itself with', form: file },
  'clients[].federatedCredentials': { what: 'Tokens of other issuers that the client proves itself with' },
  'clients[].federatedCredentials[].name': { what: 'A name for this credential' },
  'clients[].federatedCredentials[].issuer': { what: "The token's `iss`. Its keys come from `issuers`" },
  'clients[].federatedCredentials[].subject': { what: "The token's `sub`" },
  'clients[].federatedCredentials[].audiences': { what: "The token's `aud` must be one of these" },
  'clients[].publicClient': {
    what: '`true`: the client may sign users in without a credential where no redirect URI decides',
    default: '`false`',
  },
  'clients[].redirectUris': { what: 'Where a browser may be sent after a sign-in, by platform' },
  'clients[].redirectUris.publicClient': { what: 'For mobile and desktop applications: a code challenge is needed' },
  'clients[].redirectUris.web': { what: 'For web applications: the client needs its credential' },
  'clients[].redirectUris.spa': { what: 'For single-page applications: a code challenge is needed' },
  'clients[].managedIdentity': { what: 'Makes the client a managed identity', form: 'the ARM id of its resource' },
  'clients[].identityHeader': {
    what: "The value of `IDENTITY_HEADER` that a workload gets the identity's tokens with",
    form: 'at least 32 characters',
  },
  'clients[].workloads': { what: "Workloads that get the identity's tokens from the instance metadata endpoint" },
  'clients[].workloads[].subnet': { what: 'The subnet that the workload is in', form: resourceGuid },
  'clients[].workloads[].address': { what: "The workload's private address", form: 'an IP address' },
  'clients[].groups': { what: 'Object ids of the groups that the client is a member of', form: guid },
  'clients[].displayName': { what: 'The name that is shown', default: 'the `clientId`' },

  workloads: { what: 'Workloads of resources: each has the managed identities that its resource has' },
  'workloads[].resourceId': {
    what: 'The resource that the workload belongs to',
    form: 'an ARM id: `/subscriptions/…/resourceGroups/…/providers/…`',
  },
  'workloads[].identityHeader': {
    what: 'The value of `IDENTITY_HEADER` that the workload gets its tokens with',
    form: 'at least 32 characters',
  },
  'workloads[].addresses': { what: 'Where the workload asks the instance metadata endpoint from' },
  'workloads[].addresses[].subnet': { what: 'The subnet that the workload is in', form: resourceGuid },
  'workloads[].addresses[].address': { what: "The workload's private address", form: 'an IP address' },

  issuers: { what: 'Other authorities whose tokens the vaults and the resource manager accept' },
  'issuers[].issuer': { what: "The tokens' `iss`. No two issuers may have the same" },
  'issuers[].tenantId': { what: "The tenant that the issuer's callers are in", form: guid },
  'issuers[].audiences': { what: "The tokens' `aud` must be one of these, or a name of this server" },
  'issuers[].jwksUri': {
    what: "Where the issuer's keys are",
    form: 'an `https://` URL; `http://` on loopback only',
    default: "the `jwks_uri` of the issuer's discovery document",
  },
  'issuers[].directoryObjects': { what: 'Objects of the directory that the issuer may act as', form: guid },

  gateways: { what: 'Where gateways of virtual networks connect' },
  'gateways.tls': { what: 'A listener for gateways on other hosts, with mutual TLS' },
  'gateways.tls.listen': { what: 'Where it listens', form: '`ADDRESS:PORT`' },
  'gateways.tls.clientCa': {
    what: "A PEM file: an authority of gateways' certificates, beside the server's own for `gateway config`",
    form: file,
    default: "the server's own alone",
  },
  'gateways.tls.certificate': {
    what: 'A PEM file: the certificate that gateways see',
    form: file,
    default: "the server's certificate",
  },
  'gateways.tls.key': { what: 'A PEM file: the key of `certificate`', form: file, default: "the server's key" },
  'gateways.unix': { what: 'Unix sockets for gateways on this host, one for each virtual network' },
  'gateways.unix[].vnet': { what: 'The virtual network that the gateway belongs to', form: 'its `resourceGuid`' },
  'gateways.unix[].path': { what: 'The path of the socket', form: file },

  tls: {
    what: "Certificates of your own for the server's names. Each host gets the one that has its name, and else the server's own",
  },
  'tls[].certificate': {
    what: 'A PEM file: the certificate, and after it the one that issued it, and so on',
    form: file,
  },
  'tls[].key': { what: 'A PEM file: its key, RSA or EC, without a passphrase', form: file },
  'tls[].authority': {
    what: 'A PEM file: the authority that clients must trust for it, which `trusted.pem` then has',
    form: file,
    default: 'the root in the chain or among those of this machine',
  },

  loadBalancers: { what: 'Listeners behind load balancers, which say with the PROXY protocol who connects' },
  'loadBalancers[].listen': { what: 'Where it listens', form: '`ADDRESS:PORT`' },
  'loadBalancers[].from': {
    what: "The load balancers' own addresses: nobody else may connect. At least one",
    form: 'an IPv4 range or an IP address',
  },
  'loadBalancers[].version': { what: 'The version of the PROXY protocol' },

  health: { what: 'A listener for probes and for monitoring, by plain HTTP. It asks nobody for a password' },
  'health.listen': { what: 'Where it listens; `--health` names another place', form: '`ADDRESS:PORT`' },
  'health.hosts': {
    what: 'More names by which it may be asked. It answers IP addresses, names without a dot, and the domain in any case',
    form: 'a DNS name',
  },

  trustedServices: { what: 'Who the bypass `AzureServices` lets in, and for what' },
  'trustedServices.list': {
    what: "The document's eighteen services, or Azure's of 2026 too",
    default: '`documented`, or `current` with `--rules current`',
  },
  'trustedServices.scope': {
    what: 'How far trust reaches: to the operations of the supported scenario, or to whatever the service asks for',
  },

  limits: { what: 'How many rules a vault may have' },
  'limits.ipRules': { what: 'IP rules', default: '127, or 1,000 with `--rules current`' },
  'limits.virtualNetworkRules': { what: 'Virtual network rules', default: '127, or 200 with `--rules current`' },

  throttling: { what: "Switches throttling on. What it leaves out has Azure's numbers", default: 'no throttling' },
  'throttling.general': { what: `${transactions}everything that has no class of its own`, default: '4,000' },
  'throttling.hsm': { what: `${transactions}operations with HSM keys`, default: '2,000' },
  'throttling.softwareCreate': { what: `${transactions}making software keys`, default: '20' },
  'throttling.hsmCreate': { what: `${transactions}making HSM keys`, default: '10' },
  'throttling.setOrImport': { what: `${transactions}setting secrets, importing keys and certificates`, default: '300' },

  softDelete: { what: 'How soft delete behaves' },
  'softDelete.transitionMs': {
    what: 'How long a deletion, recovery or purge takes, in milliseconds. 0: it is complete with its answer',
    default: '500',
  },
  certificates: { what: 'How certificates are issued' },
  'certificates.issueMs': { what: 'How long it takes to issue a certificate, in milliseconds', default: '500' },
  keys: { what: 'How operations with keys run' },
  'keys.threads': {
    what: 'How many operations with RSA and EC keys run at the same time',
    default: 'one for each processor, at most 8',
  },
  publicAddressPool: {
    what: 'The range that public IP addresses are taken from',
    form: 'an IPv4 range from /16 to /30',
    default: '`198.51.100.0/24`',
  },
  azureNormalization: {
    what: '`true`: answers show values in the form that Azure gives them, instead of the form in which they were sent',
    default: '`false`',
  },

  ...auditDescriptions,
  masterKeyFile: {
    what: 'The file of the master key: 32 random bytes as 64 hexadecimal digits or base64 (`openssl rand -base64 32`)',
    form: file,
    default: '`master.key` in the data folder',
  },
  commitMarkFile: {
    what: 'The file that tells an older copy of the database from the latest. Whoever can restore the database should not be able to write it',
    form: file,
    default: 'beside `masterKeyFile`, else in the data folder',
  },
};
