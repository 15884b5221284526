import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { answer, badRequest } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { networkPath, readNetworkOf } from './resource.ts';

/** The listener for gateways on other hosts, and the authority of their certificates. */
export interface GatewayListener {
  readonly listen: { readonly address: string; readonly port: number };
  /** The name in the certificate that gateways are shown. */
  readonly serverName: string;
  /** The authorities (PEM) that signed it; `null` for an operator's certificate, whose authority only the operator knows. */
  readonly serverAuthorities: () => Promise<string | null>;
  /** Signs a gateway's certificate (PEM). `publicKey` is a SubjectPublicKeyInfo in DER. */
  readonly issue: (asked: {
    readonly vnet: string;
    readonly publicKey: Uint8Array;
  }) => Promise<{ readonly certificate: string; readonly endsAtMs: number }>;
}

/**
 * POST …/virtualNetworks/{v}/issueGatewayCertificate, which Azure does not have: a certificate for a gateway, bound to
 * this network. The action is one of Microsoft.Network, so that Network Contributor has it and Reader does not: with
 * the certificate a host can speak for every subnet of the network.
 */
export const issueGatewayCertificate: ControlOperation = {
  method: 'POST',
  path: `${networkPath}/issueGatewayCertificate`,
  action: 'Microsoft.Network/virtualNetworks/issueGatewayCertificate/action',
  async run(call, { gatewayListener }) {
    const { network } = await readNetworkOf(call);
    const publicKey = readBody(call.body);
    if (gatewayListener === undefined) {
      return badRequest(
        'This server has no listener for gateways on other hosts: set gateways.tls.listen in its configuration file, and start it again.',
      );
    }
    const vnet = network.resourceGuid;
    const { listen, serverName } = gatewayListener;
    const { certificate, endsAtMs } = await gatewayListener.issue({ vnet, publicKey });
    return answer(200, {
      vnet,
      certificate,
      notAfter: new Date(endsAtMs).toISOString(),
      listen,
      serverName,
      serverAuthorities: await gatewayListener.serverAuthorities(),
    });
  },
};

function readBody({ publicKey, ...others }: Readonly<Record<string, unknown>>): Uint8Array {
  const [unknown] = Object.keys(others);
  if (unknown === undefined) return readPublicKey(publicKey);
  return badRequest(`The member '${unknown.slice(0, 100)}' is not supported: the body has publicKey alone.`);
}

/**
 * The public key of the body, as a SubjectPublicKeyInfo.
 * @throws {Refused} for anything else, above all for a private key, which must stay where it is
 */
function readPublicKey(given: unknown): Uint8Array {
  const key = typeof given === 'string' && publicKeyForm.test(given) ? parsed(given) : undefined;
  const der = key === undefined ? undefined : Buffer.from(String(given).replaceAll(/-----[^-]+-----/g, ''), 'base64');
  if (der?.length === infoOfP256.length + pointBytes && der.subarray(0, infoOfP256.length).equals(infoOfP256))
    return der;
  return badRequest(
    'publicKey must be the public key of the gateway: PEM ("BEGIN PUBLIC KEY"), on the curve P-256 by its name, with an uncompressed point. Its private key stays with the gateway.',
  );
}

/**
 * The SubjectPublicKeyInfo of a key on P-256 up to its point: the curve by its name (RFC 5480 section 2.1.1 forbids
 * explicit parameters), and the point uncompressed, the form that every reader has (section 2.2).
 */
const infoOfP256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
/** Its two coordinates. */
const pointBytes = 64;

/** PEM. Node would also take a private key, and derive the public one. */
const publicKeyForm = /^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]{1,1000}-----END PUBLIC KEY-----\s*$/;

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}
