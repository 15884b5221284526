import { join } from 'node:path';

/** The place of a gateway: its subnet, and the listener of the server that it connects to. */
export interface GatewayPlace {
  /** Names and ids of the network and the subnet. */
  readonly network: string;
  readonly subnet: string;
  /** The subnet's incarnation, which goes into TLV 0xE1. */
  readonly incarnation: string;
  readonly serviceEndpoint: boolean;
  /** The server's listener for gateways, `ADDRESS:PORT`. */
  readonly connect: string;
  /** The name in the certificate that it shows. */
  readonly serverName: string;
  /** When the gateway's certificate ends, ISO 8601. */
  readonly notAfter: string;
}

/** How HAProxy runs on the gateway's host. */
export interface GatewayHost {
  /** The folder with the gateway's files. */
  readonly folder: string;
  /** The user that HAProxy becomes once it has opened its ports. */
  readonly user: string;
  /** The port that the subnet's connections to the vaults are redirected to. */
  readonly port: number;
  /** The network namespace of that port; `undefined`: the host's own. */
  readonly namespace: string | undefined;
}

/** The files in the gateway's folder. */
export const gatewayFiles = { certificate: 'gateway.pem', serverAuthorities: 'server-ca.pem' } as const;

/**
 * The whole configuration of HAProxy. There are two stages, because HAProxy sends `send-proxy-v2` of a line with `ssl`
 * in clear, before the handshake: the first adds the header, and the second wraps it in mutual TLS. Only
 * HAProxy may open the socket between them: a header that arrives there is believed.
 */
export function haproxyConfiguration(place: GatewayPlace, { folder, user, port, namespace }: GatewayHost): string {
  const name = `${place.network}-${place.subnet}`;
  const socket = join(folder, `${name}.sock`);
  const inNamespace = namespace === undefined ? '' : ` namespace ${namespace}`;
  const files = `crt ${join(folder, gatewayFiles.certificate)} ca-file ${join(folder, gatewayFiles.serverAuthorities)}`;
  const off = place.serviceEndpoint
    ? []
    : [
        '# The subnet has no service endpoint for Microsoft.KeyVault now: until it has one, the server refuses its gateway.',
      ];
  return [
    `# The gateway of the subnet ${place.network}/${place.subnet}, made by "postern gateway config".`,
    `# Its certificate ends on ${place.notAfter}: before that, make another with --replace, and reload HAProxy.`,
    ...off,
    'global',
    `  user ${user}`,
    `  group ${user}`,
    'defaults',
    '  mode tcp',
    '  timeout connect 10s',
    '  timeout client 1m',
    '  timeout server 1m',
    `listen ${name}`,
    `  bind 0.0.0.0:${port}${inNamespace} name ${place.incarnation}`,
    `  server wrap unix@${socket} send-proxy-v2 proxy-v2-options crc32c set-proxy-v2-tlv-fmt(0xE1) %[so_name]`,
    `listen ${name}-tls`,
    `  bind unix@${socket} mode 600 user ${user}`,
    `  server vaults ${place.connect} ssl ${files} verify required verifyhost ${place.serverName}`,
  ].join('\n');
}
