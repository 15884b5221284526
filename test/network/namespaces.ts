import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The networks of the lab, each machine of which is a network namespace: the internet in the middle, the vault's host
 * on it, and the routers of two virtual networks with the same addresses, each with a NAT address of its own. Each
 * workload has its own wire to its router, so that the router knows who sends.
 */
export const vaultAddress = '198.51.100.10';
/** An address of the internet, where the administrator works. */
export const deskAddress = '198.51.100.1';
const carrierAddress = '203.0.113.1';
/** The address that every router has on every wire to a workload. */
export const routerAddress = '169.254.1.1';

export const natAddresses = { blue: '203.0.113.7', green: '203.0.113.8' } as const;
export type VnetName = keyof typeof natAddresses;
const vnets: readonly VnetName[] = ['blue', 'green'];

interface Place {
  readonly vnet: VnetName;
  readonly subnet: 'apps' | 'back';
  readonly address: string;
  /** A uid of its own, which no account has. */
  readonly uid: number;
}

/** The numbers of the subnets on the router's wires (the link's group). */
const groups = { apps: 101, back: 102 } as const;
export type SubnetName = keyof typeof groups;

export const places = {
  blueApp: { vnet: 'blue', subnet: 'apps', address: '10.0.0.4', uid: 61_101 },
  blueNeighbour: { vnet: 'blue', subnet: 'apps', address: '10.0.0.5', uid: 61_102 },
  blueBack: { vnet: 'blue', subnet: 'back', address: '10.0.1.4', uid: 61_103 },
  greenApp: { vnet: 'green', subnet: 'apps', address: '10.0.0.4', uid: 61_104 },
} as const satisfies Readonly<Record<string, Place>>;
export type WorkloadName = keyof typeof places;
export const workloads: readonly WorkloadName[] = ['blueApp', 'blueNeighbour', 'blueBack', 'greenApp'];

const exec = promisify(execFile);

/** Runs a shell script that ends at the first failing command. */
async function shell(script: string): Promise<string> {
  const { stdout } = await exec('sh', ['-euc', script]);
  return stdout;
}

/** Runs a command inside a namespace, as this process's user. */
export async function inside(namespace: string, ...command: readonly string[]): Promise<string> {
  const { stdout } = await exec('ip', ['netns', 'exec', namespace, ...command]);
  return stdout;
}

export class Networks implements Disposable {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The name of the namespace for `ip netns`. */
  of(machine: 'internet' | 'vault' | VnetName | WorkloadName): string {
    return `${this.#prefix}-${machine}`;
  }

  async make(): Promise<void> {
    const machines = ['internet', 'vault', ...vnets, ...workloads] as const;
    await shell(
      [
        ...machines.map((machine) => `ip netns add ${this.of(machine)}; ip -n ${this.of(machine)} link set lo up`),
        this.#backbone(),
        ...vnets.map((vnet) => this.#router(vnet)),
        ...workloads.map((workload) => this.#wire(workload)),
      ].join('\n'),
    );
  }

  #backbone(): string {
    const [internet, vault] = [this.of('internet'), this.of('vault')];
    return `
ip netns exec ${internet} sysctl -qw net.ipv4.ip_forward=1
ip -n ${vault} link add outside type veth peer name vault netns ${internet}
ip -n ${internet} addr add ${deskAddress}/24 dev vault; ip -n ${internet} link set vault up
ip -n ${vault} addr add ${vaultAddress}/24 dev outside; ip -n ${vault} link set outside up
ip -n ${vault} route add default via ${deskAddress}`;
  }

  #router(vnet: VnetName): string {
    const [internet, router, nat] = [this.of('internet'), this.of(vnet), natAddresses[vnet]];
    return `
ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1
ip -n ${router} link add outside type veth peer name ${vnet} netns ${internet}
ip -n ${internet} addr add ${carrierAddress}/32 dev ${vnet}; ip -n ${internet} link set ${vnet} up
ip -n ${internet} route add ${nat}/32 dev ${vnet}
ip -n ${router} addr add ${nat}/32 dev outside; ip -n ${router} link set outside up
${this.#defaultRoute(vnet)}
ip netns exec ${router} nft -f - <<'RULES'
${routerRules(nat)}
RULES`;
  }

  #defaultRoute(vnet: VnetName): string {
    return `ip -n ${this.of(vnet)} route add default via ${carrierAddress} dev outside onlink`;
  }

  #wire(workload: WorkloadName): string {
    const { vnet, subnet, address } = places[workload];
    const [own, router, wire] = [this.of(workload), this.of(vnet), `w-${workload}`];
    return `
ip -n ${own} link add eth0 type veth peer name ${wire} netns ${router}
ip -n ${router} link set ${wire} group ${groups[subnet]} up
ip -n ${router} addr add ${routerAddress}/32 dev ${wire}
ip -n ${router} route add ${address}/32 dev ${wire}
ip netns exec ${router} nft add element inet router owners '{ "${wire}" . ${address} }'
ip -n ${own} addr add ${address}/32 dev eth0; ip -n ${own} link set eth0 up
ip -n ${own} route add ${routerAddress} dev eth0 scope link
ip -n ${own} route add default via ${routerAddress}`;
  }

  /** Redirects the subnet's way to the vault to a listener in its router. Open connections keep their way. */
  async redirect(vnet: VnetName, subnet: SubnetName, port: number): Promise<void> {
    await this.unredirect(vnet, subnet);
    await this.#nft(vnet, `add element inet router endpoints { ${groups[subnet]} : ${port} }`);
  }

  /** Leads the subnet's requests for instance metadata to a listener in its router. */
  async redirectMetadata(vnet: VnetName, subnet: SubnetName, port: number): Promise<void> {
    await this.#nft(vnet, `add element inet router metadata { ${groups[subnet]} : ${port} }`);
  }

  /** Restores the subnet's way through the NAT. Open connections keep their way. */
  async unredirect(vnet: VnetName, subnet: SubnetName): Promise<void> {
    const group = groups[subnet];
    // Adding an existing element changes nothing, and the delete after it never fails.
    const listed = await inside(this.of(vnet), 'nft', 'list', 'map', 'inet', 'router', 'endpoints');
    if (listed.includes(`${group} :`)) await this.#nft(vnet, `delete element inet router endpoints { ${group} }`);
  }

  /** Cuts the virtual network off from everything outside it. */
  async cutOff(vnet: VnetName): Promise<void> {
    await shell(`ip -n ${this.of(vnet)} link set outside down`);
  }

  /** Takes that back. */
  async reconnect(vnet: VnetName): Promise<void> {
    await shell(`ip -n ${this.of(vnet)} link set outside up; ${this.#defaultRoute(vnet)}`);
  }

  /** Forgets the subnet's flows to the vault: their next packet takes the present way. */
  async forgetFlows(vnet: VnetName, subnet: SubnetName): Promise<void> {
    const from = subnet === 'apps' ? '10.0.0.0/24' : '10.0.1.0/24';
    const flows = `conntrack -D -p tcp --orig-src ${from} --orig-dst ${vaultAddress}`;
    // It fails if there are none.
    await inside(this.of(vnet), 'sh', '-c', `${flows} >/dev/null 2>&1 || true`);
  }

  /** How many packets with a spoofed source address the router has dropped. */
  async spoofed(vnet: VnetName): Promise<number> {
    const listed = await inside(this.of(vnet), 'nft', 'list', 'counter', 'inet', 'router', 'spoofed');
    return Number(/packets (\d+)/.exec(listed)?.[1]);
  }

  async #nft(vnet: VnetName, command: string): Promise<void> {
    await inside(this.of(vnet), 'nft', command);
  }

  /** Removes every namespace of this lab, with everything in it. */
  remove(): void {
    const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
    for (const name of names) if (name.startsWith(`${this.#prefix}-`)) spawnSync('ip', ['netns', 'del', name]);
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

/**
 * A virtual network's router: spoofed source addresses are dropped; the vault's address leads a subnet with the service
 * endpoint to its listener and all others through the NAT; and there is no other way to a listener.
 */
function routerRules(nat: string): string {
  return `
table inet router {
  map endpoints { type devgroup : inet_service; }
  map metadata { type devgroup : inet_service; }
  set owners { type ifname . ipv4_addr; }
  counter spoofed { }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname "w-*" meta nfproto ipv6 drop
    iifname "w-*" iifname . ip saddr != @owners counter name spoofed drop
  }
  chain turn {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${vaultAddress} tcp dport 443 redirect to : meta iifgroup map @endpoints
    ip daddr 169.254.169.254 tcp dport 80 redirect to : meta iifgroup map @metadata
  }
  chain own {
    type filter hook input priority filter; policy accept;
    iifname "lo" accept
    ct state established,related accept
    ct status dnat accept
    meta l4proto tcp reject with tcp reset
    drop
  }
  chain translate {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "outside" ip saddr 10.0.0.0/8 snat ip to ${nat}
  }
}`;
}
