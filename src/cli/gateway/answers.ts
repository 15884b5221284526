import { isIP } from 'node:net';
import { subnetNamed as findNamed } from '../../fabric/subnet-named.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';

/** A subnet that a gateway can speak for. */
export interface GatewaySubnet {
  /** ARM id of its virtual network. */
  readonly networkId: string;
  readonly network: string;
  readonly subnet: string;
  readonly incarnation: string;
  readonly serviceEndpoint: boolean;
}

/** The server's answer to a request for a gateway's certificate. */
export interface Issued {
  readonly certificate: string;
  readonly notAfter: string;
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  /** `null`: the server shows gateways an operator's certificate. */
  readonly serverAuthorities: string | null;
}

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const resourceName = /^[\w.-]{1,80}$/;
const networkId =
  /^\/subscriptions\/[\da-f-]+\/resourceGroups\/[^/?#%\s]+\/providers\/Microsoft\.Network\/virtualNetworks\/[\w.-]+$/i;
const certificates = /^(?:-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n?)+$/;
const hostName = /^[a-z\d*](?:[a-z\d.-]*[a-z\d])?$/i;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/**
 * Every subnet in the state of the networks. What is put into a configuration that root runs on another host has a
 * form in which it can end no line.
 */
export function subnetsIn(body: unknown): readonly GatewaySubnet[] {
  return listOf(membersOf(body).get('virtualNetworks')).flatMap((network) => {
    const [id, name] = [network.get('id'), network.get('name')];
    return listOf(network.get('subnets')).map((subnet) => ({
      networkId: text(id, networkId, 'the id of a virtual network'),
      network: text(name, resourceName, 'the name of a virtual network'),
      subnet: text(subnet.get('name'), resourceName, 'the name of a subnet'),
      incarnation: text(subnet.get('incarnation'), guid, 'the incarnation of a subnet'),
      serviceEndpoint: subnet.get('serviceEndpoint') === true,
    }));
  });
}

/**
 * The subnet that `asked` names, by its ARM id or as NETWORK/SUBNET.
 * @throws {CommandFailed} when there is not exactly one
 */
export function subnetNamed(asked: string, subnets: readonly GatewaySubnet[]): GatewaySubnet {
  const named = subnets.map((known) => ({
    known,
    id: `${known.networkId}/subnets/${known.subnet}`,
    place: `${known.network}/${known.subnet}`,
  }));
  return findNamed(named, asked, (message, hint) => new CommandFailed(message, hint)).known;
}

/** @throws {CommandFailed} when the answer is not what this server's release answers */
export function issuedIn(body: unknown): Issued {
  const issued = membersOf(body);
  const listen = membersOf(issued.get('listen'));
  const authorities = issued.get('serverAuthorities');
  const [address, port] = [listen.get('address'), listen.get('port')];
  if (typeof address !== 'string' || isIP(address) === 0 || typeof port !== 'number') {
    throw malformed('the address for gateways');
  }
  return {
    certificate: text(issued.get('certificate'), certificates, "the gateway's certificate"),
    notAfter: text(issued.get('notAfter'), isoTime, "the end of the gateway's certificate"),
    address,
    port,
    serverName: text(issued.get('serverName'), hostName, "the name of the server's certificate"),
    serverAuthorities: authorities === null ? null : text(authorities, certificates, "the server's authorities"),
  };
}

function listOf(value: unknown): readonly ReadonlyMap<string, unknown>[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

function text(value: unknown, form: RegExp, what: string): string {
  if (typeof value === 'string' && form.test(value)) return value;
  throw malformed(what);
}

function malformed(what: string): CommandFailed {
  return new CommandFailed(
    `The server's answer has ${what} in a form that is not expected.`,
    'Use the command of the release that runs the server.',
  );
}
