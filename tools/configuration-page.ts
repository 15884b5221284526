import { configShape } from '../src/settings/config-file.ts';
import { descriptions } from '../src/settings/config-descriptions.ts';
import type { Description } from '../src/settings/member-path.ts';
import type { Fault, JsonType } from '../src/shape/fault.ts';
import { markdownTable } from './markdown-table.ts';

const guid = '5d7e2a6c-1b1f-4f3c-9d1e-000000000003';
const workload = { subnet: guid, address: '10.0.0.4' };
const header = 'x'.repeat(32);

/** A file with every member. To find out what a member must be, it is replaced by something else. */
const complete = {
  port: 1,
  listen: ['127.0.0.1'],
  data: 'a',
  memory: false,
  store: {
    url: 'postgres://a@b/c',
    passwordFile: 'a',
    caFile: 'b.pem',
    listenUrl: 'postgres://a@b/c',
  },
  node: 'a',
  domain: 'localhost',
  json: true,
  logLevel: 'info',
  publicPort: 443,
  nat: ['127.0.0.0/24=203.0.113.0/24'],
  rules: 'current',
  user: 'a',
  readers: 2,
  seed: 'b',
  prune: true,
  acceptDeclared: true,
  demo: false,
  users: [{ userPrincipalName: 'a@b', password: 'password', objectId: guid, displayName: 'a', groups: [guid] }],
  clients: [
    {
      clientId: guid,
      objectId: guid,
      tenantId: guid,
      secret: 'secret',
      certificate: 'a.pem',
      federatedCredentials: [{ name: 'a', issuer: 'b', subject: 'c', audiences: ['d'] }],
      publicClient: true,
      redirectUris: { publicClient: ['a'], web: ['b'], spa: ['c'] },
      managedIdentity: 'a',
      identityHeader: header,
      workloads: [workload],
      groups: [guid],
      displayName: 'a',
    },
  ],
  workloads: [
    {
      resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a',
      identityHeader: header,
      addresses: [workload],
    },
  ],
  issuers: [{ issuer: 'a', tenantId: guid, audiences: ['b'], jwksUri: 'https://b.example', directoryObjects: [guid] }],
  gateways: {
    tls: { listen: '192.0.2.10:1', clientCa: 'a.pem', certificate: 'b.pem', key: 'c.pem' },
    unix: [{ vnet: guid, path: 'd' }],
  },
  tls: [{ certificate: 'a.pem', key: 'b.pem', authority: 'c.pem' }],
  loadBalancers: [{ listen: '192.0.2.10:2', from: ['192.0.2.0/24'], version: 2 }],
  health: { listen: '192.0.2.10:3', hosts: ['postern.example'] },
  trustedServices: { list: 'current', scope: 'service' },
  limits: { ipRules: 1, virtualNetworkRules: 1 },
  throttling: { general: 1, hsm: 1, softwareCreate: 1, hsmCreate: 1, setOrImport: 1 },
  softDelete: { transitionMs: 1 },
  certificates: { issueMs: 1 },
  keys: { threads: 1 },
  publicAddressPool: '198.51.100.0/24',
  azureNormalization: true,
  audit: {
    fsync: true,
    maxBytes: 100_000,
    files: 1,
    keepDays: 1,
    undeliveredMaxBytes: 1,
    otlp: [{ name: 'a', endpoint: 'https://b.example', headers: [{ name: 'c', value: 'd' }], everything: true }],
    storageAccounts: [{ name: 'abc', endpoint: 'https://b.example', credential: 'sig=a' }],
  },
  masterKeyFile: 'a',
  commitMarkFile: 'b',
};

const head = ['member', 'what it must be', 'without it', 'what it does'];

/** The tables of `docs/reference/configuration.md`: `members`, and one for each member that has members of its own. */
export function configurationTables(): ReadonlyMap<string, string> {
  if (faultOf(complete) !== undefined) throw new Error('the file with every member is refused');
  const rows = Object.entries(descriptions).map(([path, description]) => rowOf(path, description));
  const names = rows.filter(({ below }) => below === '').map(({ top }) => top);
  const tables = names.map((name) => [name, rows.filter(({ top, below }) => top === name && below !== '')] as const);
  return new Map(
    [['members', rows.filter(({ below }) => below === '')] as const, ...tables]
      .filter(([, those]) => those.length > 0)
      .map(([name, those]) => [
        name,
        markdownTable(
          head,
          those.map(({ cells }) => cells),
        ),
      ]),
  );
}

function rowOf(path: string, description: Description) {
  const [, top = '', below = ''] = /^(\w+)(?:\[\])?\.?(.*)$/.exec(path) ?? [];
  const absent = faultOf(changed(path, undefined))?.kind === 'missingMember' ? 'refused' : description.default;
  const cells = [`\`${below === '' ? top : below}\``, mustBe(path, description), absent ?? 'none', description.what];
  return { top, below, cells };
}

/** The rule of a member, according to the shape's fault for `null`. */
function mustBe(path: string, { form }: Description): string {
  const fault = faultOf(changed(path, null));
  if (fault?.kind === 'outOfRange') return `a whole number from ${inDigits(fault.least)} to ${inDigits(fault.most)}`;
  if (fault?.kind === 'unknownChoice') return fault.choices.map((choice) => `\`${JSON.stringify(choice)}\``).join(', ');
  if (fault?.kind === 'wrongType') return typeNames[fault.expected] ?? listOf(path, form);
  if (form === undefined && faultOf(changed(path, '?')) !== undefined) {
    throw new Error(`${path}: not every string will do, so its description needs a form`);
  }
  return form ?? 'a string';
}

const typeNames: Readonly<Partial<Record<JsonType, string>>> = { boolean: '`true` or `false`', object: 'an object' };

function listOf(path: string, form: string | undefined): string {
  const isOfObjects = Object.keys(descriptions).some((other) => other.startsWith(`${path}[].`));
  if (isOfObjects) return 'a list of objects';
  return form === undefined ? 'a list of strings' : `a list; each is ${form}`;
}

function faultOf(file: unknown): Fault<string> | undefined {
  const read = configShape('/')(file);
  return read.ok ? undefined : read.fault;
}

/** The complete file with another value at the path, or, for `undefined`, without a value. */
function changed(path: string, value: unknown): unknown {
  return replaced(complete, path.replaceAll('[]', '.0').split('.'), value);
}

function replaced(container: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  if (Array.isArray(container)) return container.map((element) => replaced(element, rest, value));
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, name)) {
    throw new Error(`the file with every member has no ${name}`);
  }
  const entries: readonly (readonly [string, unknown])[] = Object.entries(container);
  const after = (before: unknown) => (rest.length === 0 ? value : replaced(before, rest, value));
  const members = entries.map(([key, before]) => [key, key === name ? after(before) : before] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

function inDigits(number: number): string {
  return number === Number.MAX_SAFE_INTEGER ? '2^53-1' : number.toLocaleString('en-US');
}
