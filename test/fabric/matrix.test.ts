/** Every place × default action × bypass × kind of caller, by the official client: the answer and the record are what `decide` says. */
import assert from 'node:assert/strict';
import type { AuditRecord } from '../../src/audit/event.ts';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import { matchedRule } from '../../src/firewall/explain.ts';
import type { Caller } from '../../src/types/caller.ts';
import type { FirewallSettings } from '../../src/types/firewall.ts';
import type { Source } from '../../src/types/source.ts';
import type { Verdict } from '../../src/types/verdict.ts';
import { callerWith, fromAddress, secretGet, serviceApplication } from '../firewall/samples.ts';
import { recordsOf } from '../network/postern-process.ts';
import type { FabricLab } from './fabric-lab.ts';
import { Program, type Where } from './programs.ts';
import {
  identities,
  incarnationOf,
  putGateway,
  putNetwork,
  putVault,
  idOf,
  secret,
  setRules,
  subnetAt,
  subnetId,
  testAtSite,
  variablesOf,
  vault,
} from './site.ts';

/** A program in a place, how the vault must see it, and who it is. */
interface Asker {
  readonly program: Program;
  readonly source: Source;
  readonly caller: Caller;
}

type Kind = 'ordinary' | 'trusted';

/** Each place has two programs, with the last digits of these addresses. */
const lastDigit: Readonly<Record<Kind, number>> = { ordinary: 4, trusted: 5 };
const kinds = ['ordinary', 'trusted'] as const;

const inSubnet: Readonly<Record<Kind, { readonly as: string; readonly caller: Caller }>> = {
  ordinary: { as: 'app', caller: callerWith({ managedIdentity: identities.app.managedIdentity }) },
  trusted: { as: 'factory', caller: callerWith({ managedIdentity: identities.factory.managedIdentity }) },
};
const onInternet: Readonly<Record<Kind, { readonly as: 'client' | 'deployments'; readonly caller: Caller }>> = {
  ordinary: { as: 'client', caller: callerWith({}) },
  trusted: { as: 'deployments', caller: serviceApplication(identities.deployments.clientId) },
};

const range = '203.0.113.4/30';

const subnets = {
  'a subnet that is allowed': { subnet: 'blue/web', network: '10.0.0.' },
  'a subnet that is not allowed': { subnet: 'blue/back', network: '10.0.1.' },
  'another network with the same addresses': { subnet: 'green/web', network: '10.0.0.' },
} as const;
const hosts = {
  'a host on the internet in the range': '203.0.113.',
  'a host on the internet out of the range': '203.0.113.1',
} as const;
const endpointOff = 'a subnet that is allowed, whose endpoint is off';
type Place = keyof typeof subnets | keyof typeof hosts | typeof endpointOff;

/** How many of the six places are let in: those that a rule names, or all. */
const letIn: readonly (readonly [action: 'Allow' | 'Deny', bypass: 'AzureServices' | 'None', Record<Kind, number>])[] =
  [
    ['Allow', 'AzureServices', { ordinary: 6, trusted: 6 }],
    ['Allow', 'None', { ordinary: 6, trusted: 6 }],
    ['Deny', 'AzureServices', { ordinary: 2, trusted: 6 }],
    ['Deny', 'None', { ordinary: 2, trusted: 2 }],
  ];

testAtSite('each place is let in or kept out as the pure decision says, and recorded so', async (lab, test) => {
  const gateway = await putNetworks(lab);
  await putVault(lab);
  await lab.up();
  await using programs = new AsyncDisposableStack();
  const askers = await startAskers(lab, gateway, programs);
  const rules = await rulesOf(lab);
  for (const [defaultAction, bypass, expected] of letIn) {
    await setRules(lab, { defaultAction, bypass, ipRules: rules.ipRules, virtualNetworkRules: rules.sent });
    const networkAcls = { defaultAction, bypass, ipRules: rules.ipRules, virtualNetworkRules: rules.bound };
    const settings: FirewallSettings = { publicNetworkAccess: 'Enabled', networkAcls };
    const allowed = { ordinary: 0, trusted: 0 };
    for (const [place, kind, asker] of askers) {
      await test(`${defaultAction}, bypass ${bypass}: the ${kind} caller in ${place}`, async () => {
        const verdict = await asks(lab, asker, settings);
        if (verdict.allowed) allowed[kind]++;
      });
    }
    await test(`${defaultAction}, bypass ${bypass}: as many places are let in as are allowed`, async () => {
      assert.deepEqual(allowed, expected);
    });
  }
});

/** Returns the public address of the subnet whose endpoint is off. */
async function putNetworks(lab: FabricLab): Promise<string> {
  const gateway = await putGateway(lab, 'gateway');
  const natGateway = { id: idOf(lab, 'natGateways/gateway') };
  await putNetwork(lab, 'blue', {
    space: '10.0.0.0/16',
    subnets: {
      web: subnetAt('10.0.0.0/24', 'endpoint'),
      back: subnetAt('10.0.1.0/24', 'endpoint'),
      off: subnetAt('10.0.2.0/24', 'no endpoint', { natGateway }),
    },
  });
  await putNetwork(lab, 'green', { space: '10.0.0.0/16', subnets: { web: subnetAt('10.0.0.0/24', 'endpoint') } });
  return gateway;
}

/** The rules as they are sent, and as they are bound to the subnets. */
async function rulesOf(lab: FabricLab) {
  const named = ['blue/web', 'blue/off'].map((place) => ({ id: subnetId(lab, place), place }));
  return {
    ipRules: [{ value: range }],
    sent: named.map(({ id }) => ({ id, ignoreMissingVnetServiceEndpoint: true })),
    bound: await Promise.all(
      named.map(async ({ id, place }) => ({ id, incarnation: await incarnationOf(lab, place) })),
    ),
  };
}

type Askers = readonly (readonly [Place, Kind, Asker])[];

async function startAskers(lab: FabricLab, gateway: string, programs: AsyncDisposableStack): Promise<Askers> {
  const start = async (where: Where, source: Source, caller: Caller): Promise<Asker> => {
    const program = programs.use(await Program.start(lab, where));
    return { program, source, caller };
  };
  const started = kinds.flatMap((kind) => [
    ...Object.entries(subnets).map(async ([place, { subnet, network }]) => {
      const { as, caller } = inSubnet[kind];
      const address = `${network}${lastDigit[kind]}`;
      const source = await subnetSource(lab, subnet, address);
      return [place as Place, kind, await start({ subnet, address, as }, source, caller)] as const;
    }),
    ...Object.entries(hosts).map(async ([place, network]) => {
      const { as, caller } = onInternet[kind];
      const address = `${network}${lastDigit[kind]}`;
      const where = { internet: address, variables: variablesOf(lab, identities[as]) };
      return [place as Place, kind, await start(where, fromAddress(address), caller)] as const;
    }),
    (async () => {
      const { as, caller } = inSubnet[kind];
      return [endpointOff, kind, await start({ subnet: 'blue/off', as }, fromAddress(gateway), caller)] as const;
    })(),
  ]);
  return Promise.all(started);
}

async function subnetSource(lab: FabricLab, place: string, address: string): Promise<Source> {
  return {
    kind: 'subnet',
    subnet: subnetId(lab, place).toLowerCase(),
    incarnation: await incarnationOf(lab, place),
    address: fromAddress(address).address,
    assurance: 'enforced',
  };
}

/** Reads the secret: what the client gets and what is recorded are the decision's. */
async function asks(lab: FabricLab, { program, source, caller }: Asker, settings: FirewallSettings): Promise<Verdict> {
  const { requestId, ...answer } = await program.read(
    vault,
    secret.name,
    caller.issuerClass === 'services' ? 'own' : 'of the vault',
  );
  const verdict = decide(compileFirewall(settings, new RuleArena()), source, caller, secretGet);
  assertAnswer(answer, verdict, source);
  const record = recordsOf(lab.dataDir, requestId).at(-1);
  assert.ok(record, `no record of ${requestId}`);
  assert.deepEqual(essenceOf(record), expectedRecord(verdict, source, settings));
  return verdict;
}

function assertAnswer(answer: object, verdict: Verdict, source: Source): void {
  if (verdict.allowed) {
    assert.deepEqual(answer, { value: secret.value });
    return;
  }
  assert.ok('message' in answer, JSON.stringify(answer));
  const { message, ...refusal } = answer;
  assert.deepEqual(refusal, { status: 403, code: 'Forbidden', innerCode: 'ForbiddenByFirewall' });
  assert.ok(source.kind !== 'unknown' && String(message).includes(`Client address: ${source.address.text}\r\n`));
}

function expectedRecord(verdict: Verdict, source: Source, settings: FirewallSettings): object {
  const isOpen = verdict.because === 'defaultAction';
  const kind = source.kind === 'subnet' ? 'Subnet' : 'PublicIP';
  return {
    operationName: 'SecretGet',
    status: verdict.allowed ? 200 : 403,
    callerIpAddress: source.kind === 'unknown' ? undefined : source.address.text,
    subnetId: source.kind === 'subnet' ? source.subnet : undefined,
    assurance: source.kind === 'subnet' ? source.assurance : undefined,
    allowed: verdict.allowed,
    because: verdict.because,
    rule: matchedRule(verdict, settings)?.toLowerCase(),
    trustedService: verdict.because === 'trustedService' ? verdict.service : undefined,
    isAddressAuthorized: isOpen ? undefined : verdict.allowed,
    addrAuthType: isOpen ? undefined : verdict.because === 'trustedService' ? 'TrustedService' : kind,
  };
}

function essenceOf({ operationName, callerIpAddress, properties }: AuditRecord): object {
  const { httpStatusCode, subnetId: subnet, assurance, verdict } = properties;
  const { trustedService, isAddressAuthorized, addrAuthType } = properties;
  return {
    operationName,
    status: httpStatusCode,
    callerIpAddress,
    subnetId: subnet,
    assurance,
    allowed: verdict?.allowed,
    because: verdict?.because,
    rule: verdict?.rule?.toLowerCase(),
    trustedService,
    isAddressAuthorized,
    addrAuthType,
  };
}
