import { formatIpv4, givenAddresses, parseRange } from '../../address/address.ts';
import { subnetNamed as findNamed } from '../../fabric/subnet-named.ts';
import { answerFailed, getToken, send } from '../client.ts';
import type { Connection } from '../connection.ts';
import { openSupervisor } from '../control.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { changed } from '../run/environment.ts';
import type { EnvironmentChange, Inherited } from '../run/environment.ts';
import { runAsChild } from '../run/launch.ts';
import { changeFor } from '../run/program.ts';
import { readServer } from '../run/server.ts';

export interface Declaration {
  /** The data folder of the server. */
  readonly data: string;
  /** As VNET/SUBNET or its ARM id. */
  readonly subnet: string;
  /** If left out, the first one that Azure would give. */
  readonly address: string | undefined;
  /** Name of the managed identity. */
  readonly as: string | undefined;
  readonly command: readonly string[];
}

/** A subnet as the resource manager shows it. */
export interface KnownSubnet {
  readonly id: string;
  /** `VNET/SUBNET` */
  readonly place: string;
  readonly incarnation: string;
  readonly addressPrefix: string;
}

/**
 * Runs a program that declares where it is: its HTTPS goes to a proxy in the server, with a credential of the subnet, and
 * nothing keeps it from going elsewhere. It needs no namespace. The credential ends with the program, and with this process, however that
 * ends: it lives as long as the connection to the supervisor.
 * @returns the exit status of the program
 */
export async function runDeclared({ data, subnet, address, as, command }: Declaration): Promise<number> {
  const connection = readServer(data);
  const known = subnetNamed(await readSubnets(connection), subnet);
  const declared = address ?? firstAddress(known.addressPrefix);
  const { id, incarnation } = known;
  using supervisor = await openSupervisor(connection);
  const bound = await supervisor.ask({ bind: 'declared', subnet: id, incarnation, address: declared });
  const credential = bound.get('id');
  try {
    const { change } = await changeFor(connection, as);
    const environment = changed(process.env, throughProxy(change, String(bound.get('proxy')), process.env));
    const place = `${known.place} (${declared})`;
    process.stderr.write(notice(place, { isAccepted: bound.get('accepted') === true }));
    return await runAsChild(command, environment);
  } finally {
    // If the server has ended, so has the credential.
    await supervisor.ask({ unbind: 'declared', id: credential }).catch(() => undefined);
  }
}

function notice(place: string, { isAccepted }: { readonly isAccepted: boolean }): string {
  const rules = isAccepted
    ? 'This server lets it satisfy virtual network rules (--accept-declared).'
    : 'Virtual network rules do not let it in: the server runs without --accept-declared.';
  return [
    `postern: ${place} is declared, not enforced: only what honours HTTPS_PROXY goes there,`,
    'postern: and whoever reads the credential in its environment can use it, too.',
    `postern: ${rules}`,
    '',
  ].join('\n');
}

/** A program that honours any of these would go past the proxy, or to another one. */
const leadPast = ['ALL_PROXY', 'all_proxy', 'NO_PROXY', 'no_proxy'] as const;

/** The change with the proxy for HTTPS; plain HTTP is left as it is, for nothing of ours speaks it. */
function throughProxy(change: EnvironmentChange, proxy: string, inherited: Inherited): EnvironmentChange {
  const isPast = (name: string) => leadPast.some((variable) => variable === name);
  const kept = Object.entries(change.set).filter(([name]) => !isPast(name));
  return {
    // Node's own fetch and https honour the variables only when they are told to.
    set: { ...Object.fromEntries(kept), HTTPS_PROXY: proxy, https_proxy: proxy, NODE_USE_ENV_PROXY: '1' },
    unset: [...change.unset, ...leadPast.filter((name) => inherited[name] !== undefined)],
  };
}

/** The subnets of all networks, read as the administrator. */
export async function readSubnets(connection: Connection): Promise<readonly KnownSubnet[]> {
  const token = await getToken(connection, connection.home);
  const url = `${connection.home}/providers/Postern.Fabric/networks?api-version=2026-11-01`;
  const answer = await send(connection, { method: 'GET', url, token });
  if (answer.status !== 200) throw answerFailed(answer);
  return listIn(answer.body, 'virtualNetworks').flatMap((network) =>
    listIn(network, 'subnets').map((subnet) => ({
      id: textIn(subnet, 'id'),
      place: `${textIn(network, 'name')}/${textIn(subnet, 'name')}`,
      incarnation: textIn(subnet, 'incarnation'),
      addressPrefix: textIn(subnet, 'addressPrefix'),
    })),
  );
}

/** @throws {CommandFailed} when there is no subnet of that name or ARM id, or more than one */
export function subnetNamed(subnets: readonly KnownSubnet[], asked: string): KnownSubnet {
  return findNamed(subnets, asked, (message, hint) => new CommandFailed(message, hint));
}

/** Azure keeps the first four addresses and the last of a subnet for itself. */
export function firstAddress(addressPrefix: string): string {
  const parsed = parseRange(addressPrefix);
  if (!parsed.ok) throw new CommandFailed(`The prefix ${addressPrefix} of the subnet cannot be read.`);
  const { first, last } = givenAddresses(parsed.range);
  if (first <= last) return formatIpv4(first);
  throw new CommandFailed(`The subnet ${addressPrefix} has no address for a program.`);
}

function listIn(value: unknown, member: string): readonly unknown[] {
  const found = membersOf(value).get(member);
  return Array.isArray(found) ? found : [];
}

function textIn(value: unknown, member: string): string {
  const found = membersOf(value).get(member);
  return typeof found === 'string' ? found : '';
}
