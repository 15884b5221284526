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
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const publicKey = readPublicKey(call.body['publicKey']);
    if (gatewayListener === undefined) {
      return badRequest(
        'This server has no listener for gateways on other hosts: set gateways.tls.listen in its configuration file, and start it again.',
      );
    }
    const vnet = found.network.resourceGuid;
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

/**
 * The public key of the body, as a SubjectPublicKeyInfo.
 * @throws {Refused} for anything else, above all for a private key, which must stay where it is
 */
function readPublicKey(given: unknown): Uint8Array {
  const key = typeof given === 'string' && publicKeyForm.test(given) ? parsed(given) : undefined;
  const isP256 = key?.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (key !== undefined && isP256) return key.export({ type: 'spki', format: 'der' });
  return badRequest(
    'publicKey must be the public key of the gateway: PEM ("BEGIN PUBLIC KEY"), on the curve P-256. Its private key stays with the gateway.',
  );
}

/** PEM. Node would also take a private key, and derive the public one. */
const publicKeyForm = /^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]{1,1000}-----END PUBLIC KEY-----\s*$/;

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}
