import type { Certificate, OpenListener } from '../ingress/options.ts';
import { readSubnetById } from '../resources/networks/virtual-networks.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import type { Listener, SubnetListener } from '../types/supervision.ts';
import type { ReadFile } from './files.ts';
import type { Server } from './server.ts';

export type AddedListener =
  | { readonly ok: true; readonly close: () => void; readonly incarnation?: string }
  | { readonly ok: false; readonly message: string };

/** What a worker needs of files to serve gateways on other hosts. */
export interface GatewayFiles {
  readonly clientCa: string;
  readonly certificate: Certificate | undefined;
}

export interface ListenersContext {
  readonly server: Server;
  readonly store: Store;
  readonly settings: Settings;
  readonly gatewayFiles: GatewayFiles | undefined;
}

export function readGatewayFiles({ gateways }: Settings, readFile: ReadFile): GatewayFiles | undefined {
  const tls = gateways?.tls;
  if (tls === undefined) return undefined;
  const { certificate, key } = tls;
  const own =
    certificate !== undefined && key !== undefined ? { cert: readFile(certificate), key: readFile(key) } : undefined;
  return { clientCa: readFile(tls.clientCa), certificate: own };
}

/** Gives the ingress a listening socket that the supervisor handed over. */
export async function addListener(
  listener: Listener,
  handle: object,
  context: ListenersContext,
): Promise<AddedListener> {
  if (listener.kind === 'subnet') return addSubnet(listener, handle, context);
  try {
    const open = await openListener(listener, handle, context);
    return { ok: true, close: () => open.close() };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function openListener(
  listener: Exclude<Listener, SubnetListener>,
  handle: object,
  { server, settings, gatewayFiles }: ListenersContext,
): Promise<OpenListener> {
  if (listener.kind === 'public') return server.ingress.addPublic(handle);
  if (listener.kind === 'unixGateway') return server.ingress.addUnixGateway(handle, { vnet: listener.vnet });
  if (listener.kind === 'tlsGateway') return openTlsGateway(handle, { server, settings, gatewayFiles });
  return server.ingress.addLoadBalancer(handle, { from: listener.from, version: listener.version });
}

function openTlsGateway(
  handle: object,
  { server, settings, gatewayFiles }: Omit<ListenersContext, 'store'>,
): Promise<OpenListener> {
  if (gatewayFiles === undefined) throw new Error('a TLS gateway came without gateways.tls in the settings');
  const { clientCa, certificate } = gatewayFiles;
  const { domain } = settings;
  return server.ingress.addTlsGateway(handle, { clientCa, domain, ...(certificate && { certificate }) });
}

/**
 * The accepting socket is the subnet: it stays with the incarnation that the name had when the listener was opened, in
 * every later worker too.
 */
async function addSubnet(listener: SubnetListener, handle: object, context: ListenersContext): Promise<AddedListener> {
  const incarnation =
    listener.incarnation ?? (await readSubnetById(listener.subnet, context.store))?.subnet.incarnation;
  if (incarnation === undefined) return { ok: false, message: `There is no subnet ${listener.subnet}.` };
  const subnet = listener.subnet.toLowerCase();
  const open = await context.server.ingress.addSubnetListener(handle, { subnet, incarnation });
  return { ok: true, incarnation, close: () => open.close() };
}
