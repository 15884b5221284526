/**
 * Another host, which is a network namespace: it shares nothing with this one but a wire, and HAProxy is a subnet's
 * gateway there. A workload of the subnet, in a third namespace, is behind it. docs/how-to/gateways.md builds the same.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postern } from '../../test/fabric/fabric-lab.ts';
import { inside } from '../../test/network/namespaces.ts';
import { until } from '../../test/world/process.ts';

const exec = promisify(execFile);
const gatewayPort = 9001;

export interface GatewayOf {
  readonly dataDir: string;
  /** `NETWORK/SUBNET`; it has the address `workloadAddress`. */
  readonly subnet: string;
  /** The port of the server's vaults. */
  readonly port: number;
}

/** An address of the subnet that the gateway speaks for, 10.0.1.0/24. */
const workloadAddress = '10.0.1.4';

export class OtherHost implements AsyncDisposable {
  readonly #name = `pb${randomBytes(3).toString('hex')}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  /** Addresses for benchmarks (RFC 2544, section C.2.2), of which another bench on this machine hardly has the same. */
  readonly #prefix = `198.18.${randomInt(256)}`;
  #haproxy: ChildProcess | undefined;

  /** The address of the server's host on the wire. */
  get serverAddress(): string {
    return `${this.#prefix}.1`;
  }

  /** The words that put a program into the workload's place. */
  get enter(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#workload];
  }

  get #host(): string {
    return `${this.#name}-host`;
  }

  get #workload(): string {
    return `${this.#name}-web`;
  }

  /** Makes the namespaces and wires. */
  async make(): Promise<void> {
    const [host, web, wire] = [this.#host, this.#workload, this.#name];
    await shell(`
ip netns add ${host}
ip netns add ${web}
ip -n ${host} link set lo up
ip link add ${wire} type veth peer name outside netns ${host}
ip address add ${this.serverAddress}/24 dev ${wire}
ip link set ${wire} up
ip -n ${host} address add ${this.#prefix}.2/24 dev outside
ip -n ${host} link set outside up
ip -n ${web} link add eth0 type veth peer name w-web netns ${host}
ip -n ${host} address add 10.0.1.1/24 dev w-web
ip -n ${host} link set w-web up
ip -n ${web} address add ${workloadAddress}/24 dev eth0
ip -n ${web} link set eth0 up
ip -n ${web} route add default via 10.0.1.1
ip netns exec ${host} sysctl -qw net.ipv4.ip_forward=1`);
  }

  /** Makes this host the gateway of the subnet, with what `postern gateway config` prints. */
  async serve({ dataDir, subnet, port }: GatewayOf): Promise<void> {
    // HAProxy becomes a user that must be able to enter the folder of its files.
    chmodSync(this.#folder, 0o711);
    const asked = ['--subnet', subnet, '--out', join(this.#folder, 'gateway'), '--port', `${gatewayPort}`];
    const { stdout } = await exec(postern, ['gateway', 'config', ...asked, '--data', dataDir]);
    const file = join(this.#folder, 'haproxy.cfg');
    writeFileSync(file, stdout);
    const rules = join(this.#folder, 'rules.nft');
    writeFileSync(rules, hostRules({ serverAddress: this.serverAddress, port }));
    await inside(this.#host, 'nft', '--file', rules);
    const words = ['netns', 'exec', this.#host, 'haproxy', '-db', '-q', '-f', file];
    const haproxy = spawn('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#haproxy = haproxy;
    await until(async () => {
      if (haproxy.exitCode !== null) throw new Error(`HAProxy ended with ${haproxy.exitCode}`);
      return (await inside(this.#host, 'ss', '-Htln', `sport = :${gatewayPort}`)) !== '';
    }, 'HAProxy to listen');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const haproxy = this.#haproxy;
    if (haproxy !== undefined && haproxy.exitCode === null && haproxy.signalCode === null) {
      const ended = once(haproxy, 'exit');
      haproxy.kill('SIGKILL');
      await ended;
    }
    // Each is removed whether or not it was made.
    spawnSync('ip', ['link', 'delete', this.#name], { stdio: 'ignore' });
    for (const name of [this.#workload, this.#host]) spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function shell(script: string): Promise<void> {
  await exec('sh', ['-euc', script]);
}

/** A workload sends from its own address only, and the way to the vaults leads to HAProxy, which has no other way in. */
function hostRules({ serverAddress, port }: { readonly serverAddress: string; readonly port: number }): string {
  return `
table inet gateway {
  set owners { type ifname . ipv4_addr; elements = { "w-web" . ${workloadAddress} } }
  chain guard {
    type filter hook prerouting priority raw;
    iifname "w-*" meta nfproto ipv6 drop
    iifname "w-*" iifname . ip saddr != @owners drop
  }
  chain turn {
    type nat hook prerouting priority dstnat;
    iifname "w-*" ip daddr ${serverAddress} tcp dport ${port} redirect to :${gatewayPort}
  }
  chain own {
    type filter hook input priority filter;
    tcp dport ${gatewayPort} ct status dnat accept
    tcp dport ${gatewayPort} drop
  }
}
`;
}
