/**
 * The rooms of `src/` and what each may import: other rooms (`store/store.ts` names a single file of one) and whether
 * it may use Node's own modules and packages. The linter's import rules are generated from this table
 * (`npm run check` does it), and `test/house/rooms.test.ts` shows that each row refuses what it must.
 */
export interface Room {
  readonly imports: readonly string[];
  /**
   * `pure` rooms also run in a browser: no `node:` module and no package. `browser` is the portal's: no `node:` module, and
   * the packages that the build bundles.
   */
  readonly platform: 'pure' | 'browser' | 'node only' | 'packages';
}

/** The packages that `src/` may import: `tools/build.ts` bundles their code, so that the published package depends on none. */
export const bundledPackages = [
  '@opentelemetry/api',
  '@opentelemetry/exporter-logs-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-logs',
  'find-my-way',
  'jose',
  'pino',
];

/** The files that a room needs to read and write records: the interface of the store, and its typed keys and records. */
const records = ['store/store.ts', 'store/keys.ts', 'store/records.ts'];

export const rooms: Readonly<Record<string, Room>> = {
  types: { imports: [], platform: 'pure' },
  programs: { imports: [], platform: 'node only' },
  json: { imports: [], platform: 'pure' },
  shape: { imports: [], platform: 'pure' },
  address: { imports: ['types'], platform: 'pure' },
  firewall: { imports: ['types', 'address', 'shape'], platform: 'pure' },
  access: { imports: ['types'], platform: 'pure' },
  insight: { imports: ['types', 'address', 'firewall'], platform: 'pure' },
  portal: { imports: ['types', 'address', 'firewall', 'access', 'insight'], platform: 'browser' },
  seed: { imports: ['types', 'address', 'access', 'firewall', 'json', 'shape'], platform: 'pure' },
  caller: { imports: ['json', 'shares', 'types'], platform: 'packages' },
  crypto: { imports: ['programs', 'types'], platform: 'packages' },
  templates: { imports: ['json', 'shape'], platform: 'pure' },
  store: { imports: ['crypto', 'programs'], platform: 'node only' },
  schedule: { imports: ['audit', ...records, 'types'], platform: 'node only' },
  objects: {
    imports: ['crypto', 'resources/regions.ts', 'schedule/due.ts', ...records, 'types'],
    platform: 'node only',
  },
  resources: {
    imports: ['firewall', 'access', 'address', 'directory', 'schedule/due.ts', 'shape', ...records, 'types'],
    platform: 'node only',
  },
  rulebook: { imports: ['firewall', 'access', 'resources', 'shares', ...records, 'types'], platform: 'node only' },
  shares: { imports: [], platform: 'pure' },
  ingress: { imports: ['address', 'shape', 'shares', 'types'], platform: 'node only' },
  settings: { imports: ['address', 'firewall', 'seed', 'shape', 'types'], platform: 'node only' },
  lines: { imports: [], platform: 'node only' },
  fabric: { imports: ['address', 'shape', 'json', 'lines', 'programs', 'shares', 'types'], platform: 'node only' },
  supervisor: { imports: ['lines', 'programs', 'settings', 'types'], platform: 'node only' },
  audit: { imports: ['address', 'shares', ...records, 'types'], platform: 'node only' },
  recent: { imports: ['audit', 'shares', 'types'], platform: 'node only' },
  delivery: {
    imports: ['audit/rotation.ts', 'crypto/thread-code.ts', 'programs', 'shape', 'shares'],
    platform: 'packages',
  },
  http: { imports: ['json', 'types'], platform: 'packages' },
  edge: { imports: ['http', 'json', 'audit', ...records, 'types'], platform: 'packages' },
  directory: { imports: ['shape', 'shares', ...records, 'types'], platform: 'node only' },
  authority: {
    imports: [
      'edge',
      'http',
      'json',
      'address',
      'caller',
      'crypto',
      'directory',
      'audit',
      'shape',
      'shares',
      ...records,
      'types',
    ],
    platform: 'packages',
  },
  'control-plane': {
    imports: [
      'edge',
      'http',
      'json',
      'caller',
      'access',
      'firewall',
      'address',
      'insight',
      'recent',
      'resources',
      'rulebook',
      'audit',
      'schedule',
      'shape',
      'templates',
      ...records,
      'types',
    ],
    platform: 'packages',
  },
  graph: {
    imports: ['edge', 'http', 'json', 'caller', 'directory', 'audit', 'shape', ...records, 'types'],
    platform: 'packages',
  },
  'data-plane': {
    imports: [
      'edge',
      'http',
      'json',
      'caller',
      'access',
      'firewall',
      'objects',
      'rulebook',
      'audit',
      'shape',
      ...records,
      'types',
    ],
    platform: 'packages',
  },
  setup: {
    imports: [
      'audit',
      'crypto',
      'directory',
      'firewall',
      'objects',
      'resources',
      'seed',
      'settings',
      'shape',
      'store/draft.ts',
      ...records,
      'types',
    ],
    platform: 'node only',
  },
  site: { imports: ['http', 'types'], platform: 'node only' },
  worker: {
    imports: [
      'audit',
      'authority',
      'caller',
      'control-plane',
      'crypto',
      'data-plane',
      'delivery',
      'directory',
      'edge',
      'firewall',
      'graph',
      'http',
      'ingress',
      'objects',
      'recent',
      'resources',
      'rulebook',
      'schedule',
      'settings',
      'setup',
      'site',
      'store',
      'types',
    ],
    platform: 'packages',
  },
  cli: {
    imports: [
      'types',
      'firewall',
      'address',
      'crypto/certificates/name-constraints.ts',
      'settings/nearest.ts',
      'delivery/file-head.ts',
      'fabric',
      'lines',
    ],
    platform: 'node only',
  },
  'in-process': {
    imports: [
      'address',
      'audit',
      'cli/connection.ts',
      'cli/register-url.ts',
      'cli/run',
      'crypto/master-key.ts',
      'delivery',
      'fabric/addresses.ts',
      'ingress',
      'resources',
      'settings',
      'setup',
      'site',
      'store',
      'supervisor/raw-socket.ts',
      'worker',
    ],
    platform: 'packages',
  },
};
