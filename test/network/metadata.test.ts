import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { control } from '../supervisor/supervised.ts';
import { application } from './administrator.ts';
import type { Row } from './core-rows.ts';
import { testInLab } from './in-lab.ts';
import type { Lab } from './lab.ts';
import { inside, places, type WorkloadName } from './namespaces.ts';
import { parseAs } from './parse-as.ts';
import { until } from './postern-process.ts';
import { isRefused } from './sightings.ts';
import type { TokenAnswer } from './token.ts';

const metadata = 'http://169.254.169.254';
const tokenPath = '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net';
const ports = { apps: 20_101, back: 20_102 } as const;

/** Managed identities that are bound to nothing but their headers. */
const identities = {
  shop: {
    clientId: '0a9d2f6c-7a41-4a55-9a53-1d6b8c0f1e11',
    identityHeader: 'header-of-the-shop-0123456789-0123456789',
  },
  desk: {
    clientId: '0a9d2f6c-7a41-4a55-9a53-1d6b8c0f1e12',
    identityHeader: 'header-of-the-desk-0123456789-0123456789',
  },
} as const;
type IdentityName = keyof typeof identities;

const config = {
  clients: [
    { clientId: application.clientId, objectId: application.objectId, secret: application.secret },
    ...Object.entries(identities).map(([name, identity]) => ({
      ...identity,
      objectId: identity.clientId.replace('0a9d2f6c', '0b9d2f6c'),
      displayName: name,
      managedIdentity: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/${name}`,
    })),
  ],
};

interface Listed {
  readonly ok: boolean;
  readonly message?: string;
  readonly kind?: string;
  readonly id: string;
  readonly incarnation?: string;
  readonly port?: number;
}

interface ControlAnswer {
  readonly ok: boolean;
  readonly message?: string;
  readonly id?: string;
  readonly listeners?: readonly Listed[];
  readonly bindings?: readonly object[];
}

async function tell(lab: Lab, request: object): Promise<ControlAnswer> {
  return parseAs<ControlAnswer>(JSON.stringify(await control(lab.ready.controlSocket, request)));
}

/** Restarts the server with the identities, and opens the metadata listeners as the fabric does. */
async function begin(lab: Lab): Promise<void> {
  await lab.restart(config);
  for (const [vnet, subnets] of [
    ['blue', ['apps', 'back']],
    ['green', ['apps']],
  ] as const) {
    const listeners = await Promise.all(
      subnets.map(async (subnet) => {
        const id = lab.administrator.subnetId(vnet, subnet);
        return { kind: 'metadata', port: ports[subnet], subnet: id, incarnation: await lab.administrator.guidOf(id) };
      }),
    );
    await open(lab, vnet, listeners);
    for (const subnet of subnets) await lab.networks.redirectMetadata(vnet, subnet, ports[subnet]);
  }
}

async function open(lab: Lab, vnet: 'blue' | 'green', listeners: readonly object[]): Promise<void> {
  const answer = await tell(lab, { open: 'listeners', namespace: lab.networks.of(vnet), listeners });
  const answers = [answer, ...(answer.listeners ?? [])];
  assert.ok(
    answers.every(({ ok }) => ok),
    JSON.stringify(answers),
  );
}

/** Binds an identity to the place of a workload, and returns the binding's id. */
async function bind(lab: Lab, workload: WorkloadName, identity: IdentityName, at: string = places[workload].address) {
  const { vnet, subnet } = places[workload];
  const incarnation = await lab.administrator.guidOf(lab.administrator.subnetId(vnet, subnet));
  const { identityHeader } = identities[identity];
  const answer = await tell(lab, { bind: 'identity', incarnation, address: at, identityHeader });
  assert.equal(answer.ok, true, JSON.stringify(answer));
  return String(answer.id);
}

async function unbind(lab: Lab, id: string): Promise<void> {
  assert.deepEqual(await tell(lab, { unbind: 'identity', id }), { ok: true, id });
}

type CredentialName = 'ManagedIdentityCredential' | 'DefaultAzureCredential';

async function tokenOf(lab: Lab, workload: WorkloadName, credential: CredentialName): Promise<TokenAnswer> {
  const { node, tokenProgram } = lab.kit;
  const { stdout, stderr } = await lab.workloads[workload].run(node, tokenProgram, credential);
  assert.notEqual(stdout, '', stderr);
  return parseAs<TokenAnswer>(stdout);
}

/** The workload is this identity for the official client's credentials. */
async function isIdentity(lab: Lab, workload: WorkloadName, identity: IdentityName): Promise<void> {
  // A client waits a second for the answer to its first request. A worker that starts takes longer.
  const { status, body } = await ask(lab, workload, tokenPath, asked);
  assert.equal(status, 200, body);
  for (const credential of ['ManagedIdentityCredential', 'DefaultAzureCredential'] as const) {
    const answer = await tokenOf(lab, workload, credential);
    assert.ok('token' in answer, `${credential}: ${JSON.stringify(answer)}`);
    assert.equal(decodeJwt(answer.token)['appid'], identities[identity].clientId, credential);
  }
}

async function ask(lab: Lab, workload: WorkloadName, path: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await lab.workloads[workload].request({ url: `${metadata}${path}`, headers });
  assert.ok('status' in answer, JSON.stringify(answer));
  return { status: answer.status, body: answer.body };
}

const asked = { metadata: 'true' } as const;

/** The workload has no identity: said as Azure says it, so that a chain of credentials goes on. */
async function hasNoIdentity(lab: Lab, workload: WorkloadName): Promise<void> {
  const { status, body } = await ask(lab, workload, tokenPath, asked);
  assert.equal(status, 400, body);
  assert.match(body, /Identity not found/);
  const answer = await tokenOf(lab, workload, 'ManagedIdentityCredential');
  assert.ok('name' in answer && answer.name === 'CredentialUnavailableError', JSON.stringify(answer));
}

const rows: readonly Row[] = [
  {
    name: 'a workload is the identity that its place was bound to, and no other place is',
    async see(lab) {
      await begin(lab);
      await hasNoIdentity(lab, 'blueApp');
      const id = await bind(lab, 'blueApp', 'shop');
      await isIdentity(lab, 'blueApp', 'shop');
      // Another address of the subnet, another subnet, and the same address in another network.
      for (const other of ['blueNeighbour', 'blueBack', 'greenApp'] as const) await hasNoIdentity(lab, other);
      const neighbour = await bind(lab, 'blueNeighbour', 'desk');
      await isIdentity(lab, 'blueNeighbour', 'desk');
      await isIdentity(lab, 'blueApp', 'shop');
      await unbind(lab, id);
      await hasNoIdentity(lab, 'blueApp');
      await isIdentity(lab, 'blueNeighbour', 'desk');
      await unbind(lab, neighbour);
    },
  },
  {
    name: 'a second binding of a place replaces the first, and the end of the first does not end it',
    async see(lab) {
      const first = await bind(lab, 'blueApp', 'shop');
      const second = await bind(lab, 'blueApp', 'desk');
      await isIdentity(lab, 'blueApp', 'desk');
      const answer = await tell(lab, { unbind: 'identity', id: first });
      assert.match(String(answer.message), /does not exist: it was removed, or replaced by a later one/);
      await isIdentity(lab, 'blueApp', 'desk');
      await unbind(lab, second);
      await hasNoIdentity(lab, 'blueApp');
    },
  },
  {
    name: 'a header of no identity, a subnet that does not exist and an address that it does not give are refused, and change nothing',
    async see(lab) {
      const id = await bind(lab, 'blueApp', 'shop');
      const incarnation = await lab.administrator.guidOf(lab.administrator.subnetId('blue', 'apps'));
      const { address } = places.blueApp;
      const request = { bind: 'identity', incarnation, address, identityHeader: 'of-nobody-0123456789' };
      const unknown = await tell(lab, request);
      assert.match(String(unknown.message), /belongs to no managed identity/);
      assert.doesNotMatch(JSON.stringify(unknown), /of-nobody/);
      const { identityHeader } = identities.desk;
      const gone = { ...request, identityHeader, incarnation: '99999999-0000-4000-8000-000000000001' };
      assert.match(String((await tell(lab, gone)).message), /No subnet has the resourceGuid/);
      for (const [elsewhere, why] of Object.entries({ '8.8.8.8': /is not one of/, '10.0.0.3': /is reserved/ })) {
        const outside = { ...request, identityHeader, address: elsewhere };
        assert.match(String((await tell(lab, outside)).message), why);
      }
      await isIdentity(lab, 'blueApp', 'shop');
      await unbind(lab, id);
    },
  },
  {
    name: 'with the endpoint off a workload still has its identity, and no vault',
    async see(lab) {
      const id = await bind(lab, 'blueApp', 'shop');
      await lab.openListener('blue', 'apps');
      const incarnation = await lab.administrator.guidOf(lab.administrator.subnetId('blue', 'apps'));
      await lab.administrator.putSubnet('blue', 'apps', 'off');
      await isRefused(lab, 'blueApp', 'subnet', { kind: 'endpointOff', incarnation });
      await isIdentity(lab, 'blueApp', 'shop');
      await lab.administrator.putSubnet('blue', 'apps', 'on');
      await unbind(lab, id);
    },
  },
  {
    name: 'a killed worker, and one that SIGHUP replaces, take no identity with them',
    async see(lab) {
      const id = await bind(lab, 'blueApp', 'shop');
      await lab.postern.killWorker();
      await isIdentity(lab, 'blueApp', 'shop');
      await hasNoIdentity(lab, 'blueNeighbour');
      await lab.postern.reload();
      await isIdentity(lab, 'blueApp', 'shop');
      const listed = await tell(lab, { list: 'listeners' });
      const incarnation = await lab.administrator.guidOf(lab.administrator.subnetId('blue', 'apps'));
      assert.deepEqual(listed.bindings, [{ id, kind: 'identity', incarnation, address: '10.0.0.4' }]);
      await unbind(lab, id);
      await lab.postern.killWorker();
      await hasNoIdentity(lab, 'blueApp');
    },
  },
  {
    name: 'forged headers prove nothing, and what came through a proxy is refused',
    async see(lab) {
      const id = await bind(lab, 'blueApp', 'shop');
      const { identityHeader } = identities.shop;
      const forged = {
        ...asked,
        'x-identity-header': identityHeader,
        forwarded: 'for=10.0.0.4',
        'x-real-ip': '10.0.0.4',
      };
      assert.equal((await ask(lab, 'blueNeighbour', tokenPath, forged)).status, 400);
      const forwarded = await ask(lab, 'blueApp', tokenPath, { ...asked, 'x-forwarded-for': '10.0.0.4' });
      assert.equal(forwarded.status, 400);
      assert.match(forwarded.body, /came through a proxy/);
      for (const headers of [{}, { metadata: 'yes' }]) {
        const bare = await ask(lab, 'blueApp', tokenPath, headers);
        assert.equal(bare.status, 400);
        assert.match(bare.body, /Required metadata header not specified/);
      }
      await unbind(lab, id);
    },
  },
  {
    name: 'nothing but metadata is served there: no vault, no resource manager, no token of another kind',
    async see(lab) {
      const vault = new URL(lab.administrator.vaultUrl).host;
      const paths = [
        '/',
        '/secrets/greeting?api-version=7.4',
        '/msi/token',
        '/common/oauth2/v2.0/token',
        '/subscriptions',
      ];
      for (const path of [
        ...paths,
        '/metadata',
        '/metadata/identity/info',
        '/latest/meta-data/',
        '/metadata/%2e%2e/x',
      ]) {
        for (const host of [vault, new URL(lab.ready.home).host, '169.254.169.254']) {
          const { status, body } = await ask(lab, 'blueApp', path, { ...asked, host });
          assert.deepEqual([status, body], [404, '{"error":"Not found"}'], `${host}${path}`);
        }
      }
      const instance = await ask(lab, 'blueApp', '/metadata/instance?api-version=2021-02-01', asked);
      assert.equal(instance.status, 200);
      const { compute, network } = parseAs<Readonly<Record<'compute' | 'network', object>>>(instance.body);
      const { subscriptionId } = lab.ready;
      assert.partialDeepStrictEqual(compute, { azEnvironment: 'AzurePublicCloud', subscriptionId });
      assert.match(JSON.stringify(network), /"privateIpAddress":"10\.0\.0\.4"/);
      assert.equal((await ask(lab, 'blueApp', '/metadata/instance?api-version=2021-02-01')).status, 400);
    },
  },
  {
    name: 'another life of the subnet is refused, and the end of a subnet closes its listeners',
    async see(lab) {
      const { administrator, networks, postern } = lab;
      const subnet = administrator.subnetId('blue', 'back');
      const incarnation = await administrator.guidOf(subnet);
      const listenersOf = async (life: string) => {
        const { listeners = [] } = await tell(lab, { list: 'listeners' });
        return listeners.filter((listener) => listener.incarnation === life);
      };
      await open(lab, 'blue', [{ kind: 'subnet', port: 10_102, subnet, incarnation }]);
      const listed = (await listenersOf(incarnation)).map(({ kind, port }) => [kind, port]);
      assert.equal(listed.length, 2);
      assert.deepEqual(new Set(listed.map(String)), new Set([`metadata,${ports.back}`, 'subnet,10102']));
      const id = await bind(lab, 'blueBack', 'shop');
      // Whether its endpoint is on or off by then.
      await administrator.putSubnet('blue', 'back', 'off');
      await administrator.deleteSubnet('blue', 'back');
      await until('the end of the listeners', async () => (await listenersOf(incarnation)).length === 0);
      const left = await inside(networks.of('blue'), 'ss', '-Hltn', `sport = :${ports.back} or sport = :10102`);
      assert.equal(left, '');
      await administrator.putSubnet('blue', 'back', 'on');
      const listener = { kind: 'metadata', port: ports.back, subnet };
      const former = [{ ...listener, incarnation }];
      const old = await tell(lab, { open: 'listeners', namespace: networks.of('blue'), listeners: former });
      assert.match(JSON.stringify(old), /does not exist: it was deleted, or another one has its name/);
      const now = await administrator.guidOf(subnet);
      await open(lab, 'blue', [{ ...listener, incarnation: now }]);
      // The binding is of the earlier life.
      await hasNoIdentity(lab, 'blueBack');
      const { bindings } = await tell(lab, { list: 'listeners' });
      assert.ok(!JSON.stringify(bindings).includes(id), 'it ended with that life');
      await postern.killWorker();
      assert.equal((await listenersOf(now)).length, 1);
    },
  },
  {
    name: 'a hundred listeners are opened and closed in one request each, and a taken port is said of its own listener',
    async see(lab) {
      const { administrator, networks } = lab;
      const subnet = administrator.subnetId('blue', 'apps');
      const incarnation = await administrator.guidOf(subnet);
      const listeners = Array.from({ length: 100 }, (_, index) => ({
        kind: index % 2 === 0 ? 'subnet' : 'metadata',
        port: index === 7 ? ports.apps : 30_000 + index,
        subnet,
        incarnation,
      }));
      const namespace = networks.of('blue');
      const { listeners: answers = [] } = await tell(lab, { open: 'listeners', namespace, listeners });
      const opened = answers.filter(({ ok }) => ok);
      assert.equal(opened.length, 99);
      assert.match(String(answers[7]?.message), new RegExp(`port ${ports.apps} is already taken`));
      const ids = opened.map(({ id }) => id);
      const { listeners: closed = [] } = await tell(lab, { close: 'listeners', ids: [...ids, 'none'] });
      assert.deepEqual(
        closed.map(({ ok }) => ok),
        [...ids.map(() => true), false],
      );
      assert.equal(await inside(namespace, 'ss', '-Hltn', 'sport ge :30000'), '');
    },
  },
];

testInLab('instance metadata', rows);
