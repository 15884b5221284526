/** Packets on the interfaces: the way to the vault, and a subnet that may reach nothing else. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { notRun } from '../not-run.ts';
import { recordsOf } from '../network/postern-process.ts';
import { until } from '../world/process.ts';
import { Capture, distinct, whyNoCapture, type Packet } from './capture.ts';
import type { FabricLab } from './fabric-lab.ts';
import { Program } from './programs.ts';
import { idOf, peer, put, putGateway, putNetwork, putVault, secret, subnetAt, testAtSite, vault } from './site.ts';

const title = 'packets take the way that the service endpoint and the security group give them';
const why = whyNoCapture();
if (why === undefined) testAtSite(title, see);
else notRun(title, why);

const vaults = '192.0.2.10';
const authority = '192.0.2.20';
const dns = 'udp 168.63.129.16:53';
const metadata = 'tcp 169.254.169.254:80';
const port = 8080;

async function see(lab: FabricLab, test: (name: string, run: () => Promise<void>) => Promise<void>): Promise<void> {
  const gateway = await putNetworks(lab);
  await putVault(lab);
  await lab.up();
  await using programs = new AsyncDisposableStack();
  const start = async (where: Parameters<typeof Program.start>[1], address: string) => {
    const program = programs.use(await Program.start(lab, where));
    await program.listen({ name: address, address, ports: [port] });
    return program;
  };
  const inSubnet = (subnet: string, address: string) => start({ subnet, address, as: 'app' }, address);
  const [web, locked] = await Promise.all([
    inSubnet('blue/web', '10.0.0.4'),
    inSubnet('blue/locked', '10.0.2.4'),
    inSubnet('blue/web', '10.0.0.5'),
    inSubnet('blue/back', '10.0.1.4'),
    inSubnet('blue/locked', '10.0.2.5'),
    inSubnet('red/one', '10.1.0.4'),
    start({ internet: '203.0.113.7' }, '203.0.113.7'),
  ]);
  await test('a subnet that may reach the vaults only reaches nothing else', () => seeLocked(lab, locked));
  await test('what is asked in the same way from an open subnet leaves it', () => seeOpen(lab, web));
  await test('with the endpoint on, nothing towards the vault leaves by the NAT', () => seeEndpoint(lab, web, gateway));
}

/** Returns the public address of `blue/web`. */
async function putNetworks(lab: FabricLab): Promise<string> {
  const gateway = await putGateway(lab, 'gateway');
  const all = { sourceAddressPrefix: '*', sourcePortRange: '*', destinationAddressPrefix: '*', protocol: '*' };
  const rule = (name: string, properties: object) => ({
    name,
    properties: { ...all, destinationPortRange: '*', ...properties },
  });
  await put(lab, 'networkSecurityGroups/locked', {
    securityRules: [
      rule('vaults', {
        priority: 100,
        direction: 'Outbound',
        access: 'Allow',
        protocol: 'Tcp',
        destinationAddressPrefix: 'AzureKeyVault',
        destinationPortRange: '443',
      }),
      rule('nothing-out', { priority: 200, direction: 'Outbound', access: 'Deny' }),
      rule('nothing-in', { priority: 100, direction: 'Inbound', access: 'Deny' }),
    ],
  });
  await putNetwork(lab, 'blue', {
    space: '10.0.0.0/16',
    subnets: {
      web: webSubnet(lab, 'endpoint'),
      back: subnetAt('10.0.1.0/24', 'no endpoint'),
      locked: subnetAt('10.0.2.0/24', 'endpoint', {
        networkSecurityGroup: { id: idOf(lab, 'networkSecurityGroups/locked') },
      }),
    },
  });
  await putNetwork(lab, 'red', { space: '10.1.0.0/16', subnets: { one: subnetAt('10.1.0.0/24', 'no endpoint') } });
  await peer(lab, 'blue', 'red');
  return gateway;
}

function webSubnet(lab: FabricLab, service: 'endpoint' | 'no endpoint'): object {
  return subnetAt('10.0.0.0/24', service, { natGateway: { id: idOf(lab, 'natGateways/gateway') } });
}

/** The router of `blue`, and the wire of the workload with this address. */
async function placeOf(lab: FabricLab, address: string): Promise<{ readonly router: string; readonly wire: string }> {
  const { networks } = await lab.status();
  const blue = networks.find(({ name }) => name === 'blue');
  const workload = blue?.subnets.flatMap(({ workloads }) => workloads).find((each) => each.address === address);
  assert.ok(blue && workload, `no workload ${address}`);
  return { router: blue.namespace, wire: workload.namespace.split('-').at(-1) ?? '' };
}

async function seeEndpoint(lab: FabricLab, program: Program, gateway: string): Promise<void> {
  const { router } = await placeOf(lab, '10.0.0.4');
  const on = await Capture.start(router);
  const { requestId } = await reads(program);
  assert.equal(recordsOf(lab.dataDir, requestId).at(-1)?.callerIpAddress, '10.0.0.4');
  await program.ask('tcp', `${authority}:443`);
  const outside = (await on.packets()).filter((packet) => packet.interface === 'outside' && packet.leaves);
  assert.deepEqual(toServices(outside), [`${gateway} to ${authority}:443`]);

  await put(lab, 'virtualNetworks/blue/subnets/web', webSubnet(lab, 'no endpoint'));
  const off = await Capture.start(router);
  await until(async () => {
    const read = await reads(program);
    return recordsOf(lab.dataDir, read.requestId).at(-1)?.callerIpAddress === gateway;
  }, 'the way through the NAT');
  const left = (await off.packets()).filter((packet) => packet.interface === 'outside' && packet.leaves);
  assert.deepEqual(toServices(left), [`${gateway} to ${vaults}:443`]);
}

/** A connection that the switch ended shows as an error of the client; the next read has another. */
async function reads(program: Program): Promise<{ readonly requestId: string }> {
  return program.read(vault, secret.name);
}

function toServices(packets: readonly Packet[]): readonly string[] {
  const there = packets.filter(({ destination }) => destination.startsWith('192.0.2.'));
  return distinct(
    there.map(({ source, destination, destinationPort }) => `${source} to ${destination}:${destinationPort}`),
  );
}

const others = ['10.0.0.5', '10.0.1.4', '10.1.0.4', '203.0.113.7'].map((address) => `${address}:${port}`);
const services = [authority, '192.0.2.30', '192.0.2.40'].map((address) => `${address}:443`);

/** No other program has sent anything yet, so that whatever leaves is from this one. */
async function seeLocked(lab: FabricLab, program: Program): Promise<void> {
  const hosts = ['169.254.1.1', '169.254.2.1', '10.0.2.1', ...addressesOfMachine()].map((address) => `${address}:22`);
  const to = [`10.0.2.5:${port}`, ...others, ...services, ...hosts];
  const { answers, asked, arrived, left } = await tries(lab, program, { own: '10.0.2.4', to });
  assert.deepEqual(distinct(answers), ['nothing']);
  assert.deepEqual(arrived, distinct([...asked, dns, metadata, `tcp ${vaults}:443`]));
  assert.deepEqual(left, [dns]);
}

/** The capture would have shown it. */
async function seeOpen(lab: FabricLab, program: Program): Promise<void> {
  const { answers, asked, left } = await tries(lab, program, { own: '10.0.0.4', to: [...others, ...services] });
  const heard = answers.slice(0, 2 * others.length).filter((answer) => answer.includes(' sees '));
  assert.equal(heard.length, 2 * others.length, answers.join('\n'));
  assert.deepEqual(
    [...asked, dns].filter((each) => !left.includes(each)),
    [],
  );
}

interface Tries {
  readonly own: string;
  /** `ADDRESS:PORT` */
  readonly to: readonly string[];
}

/**
 * Asks everything by TCP and UDP, reads the secret, and tells what arrived at the router from the program, and what left it
 * by any other interface.
 */
async function tries(lab: FabricLab, program: Program, { own, to }: Tries) {
  const { router, wire } = await placeOf(lab, own);
  const capture = await Capture.start(router);
  const protocols = ['tcp', 'udp'] as const;
  const answers = await Promise.all(to.flatMap((end) => protocols.map((each) => program.ask(each, end))));
  const read = await program.read(vault, secret.name);
  assert.ok('value' in read, JSON.stringify(read));
  const packets = await capture.packets();
  const target = ({ protocol, destination, destinationPort }: Packet) =>
    `${protocol} ${destination}:${destinationPort}`;
  return {
    answers,
    asked: to.flatMap((end) => protocols.map((each) => `${each} ${end}`)),
    arrived: distinct(packets.filter((packet) => packet.interface === wire && isOfProgram(packet)).map(target)),
    left: distinct(packets.filter((packet) => packet.interface !== wire && packet.leaves).map(target)),
  };
}

/** Not an answer, nor what the kernel sends by itself to all routers of a link. */
function isOfProgram({ leaves, destination }: Packet): boolean {
  return !leaves && !destination.startsWith('ff02:');
}

/** The addresses of this machine, outside of the fabric. */
function addressesOfMachine(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}
