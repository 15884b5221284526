import type { Certificate, OpenListener } from '../ingress/options.ts';
import { readSubnetById } from '../resources/networks/virtual-networks.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import type { HealthListener, Listener, MetadataListener, SubnetListener } from '../types/supervision.ts';
import type { ReadFile } from './files.ts';
import { serveOperator } from './operator-socket.ts';
import type { OperatorServices } from './operator-socket.ts';
import type { Server } from './server.ts';

export type AddedListener =
  | {
      readonly ok: true;
      readonly close: () => void;
      readonly incarnation?: string;
      /** The incarnation whose end closes the listener, and the reason to give then. */
      readonly endsWith?: { readonly incarnation: string; readonly message: string };
    }
  | { readonly ok: false; readonly message: string };

/** The files that a worker needs to serve gateways on other hosts. */
export interface GatewayFiles {
  readonly clientCa: string | undefined;
  readonly certificate: Certificate | undefined;
}

export interface ListenerServices {
  readonly server: Server;
  readonly store: Store;
  readonly settings: Settings;
  readonly gatewayFiles: GatewayFiles | undefined;
  readonly operator: OperatorServices;
}

export function readGatewayFiles({ gateways }: Settings, readFile: ReadFile): GatewayFiles | undefined {
  const tls = gateways?.tls;
  if (tls === undefined) return undefined;
  const { certificate, key } = tls;
  const own =
    certificate !== undefined && key !== undefined ? { cert: readFile(certificate), key: readFile(key) } : undefined;
  return { clientCa: tls.clientCa === undefined ? undefined : readFile(tls.clientCa), certificate: own };
}

/** Gives the ingress a listening socket from the supervisor. */
export async function addListener(
  listener: Listener,
  handle: object,
  context: ListenerServices,
): Promise<AddedListener> {
  if (listener.kind === 'subnet' || listener.kind === 'metadata') return addOfSubnet(listener, handle, context);
  if (listener.kind === 'health') return { ok: false, message: 'the listener for probes is opened before the others' };
  try {
    const open = await openListener(listener, handle, context);
    return { ok: true, close: () => open.close() };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function openListener(
  listener: Exclude<Listener, SubnetListener | MetadataListener | HealthListener>,
  handle: object,
  { server, settings, gatewayFiles, operator }: ListenerServices,
): Promise<Pick<OpenListener, 'close'>> {
  if (listener.kind === 'operator') return serveOperator(handle, operator);
  if (listener.kind === 'readers') return listenForReaders(handle, server);
  if (listener.kind === 'declared') return server.ingress.addDeclared(handle, server);
  return openShared(listener, handle, { server, settings, gatewayFiles });
}

function listenForReaders(handle: object, { readers }: Server): Promise<Pick<OpenListener, 'close'>> {
  if (readers === undefined) throw new Error('the settings have no readers for this listener');
  return readers.listen(handle);
}

interface SharedServices {
  readonly server: Pick<Server, 'ingress'>;
  readonly settings: Settings;
  readonly gatewayFiles: GatewayFiles | undefined;
}

/**
 * Accepts on a socket that the worker and its readers share.
 * @throws {TypeError} for the listener of another kind, which is the worker's alone
 */
export function openShared(listener: Listener, handle: object, services: SharedServices): Promise<OpenListener> {
  const { ingress } = services.server;
  if (listener.kind === 'public') return ingress.addPublic(handle, listener.serves);
  if (listener.kind === 'unixGateway') return ingress.addUnixGateway(handle, { vnet: listener.vnet });
  if (listener.kind === 'tlsGateway') return openTlsGateway(handle, services);
  if (listener.kind === 'loadBalancer') return ingress.addLoadBalancer(handle, listener);
  throw new TypeError(`the listener ${listener.id} of the kind ${listener.kind} is not for readers`);
}

function openTlsGateway(handle: object, { server, settings, gatewayFiles }: SharedServices): Promise<OpenListener> {
  if (gatewayFiles === undefined) throw new Error('the settings have no gateways.tls for this TLS gateway');
  const { clientCa, certificate } = gatewayFiles;
  const { domain } = settings;
  return server.ingress.addTlsGateway(handle, {
    domain,
    ...(clientCa !== undefined && { clientCa }),
    ...(certificate && { certificate }),
  });
}

/**
 * Every connection that this socket accepts is from the subnet. The socket keeps the subnet's incarnation at the time when
 * the listener was opened, also in later workers.
 */
async function addOfSubnet(
  listener: SubnetListener | MetadataListener,
  handle: object,
  { server, store }: ListenerServices,
): Promise<AddedListener> {
  const { endsWithSubnet } = listener;
  const incarnation = listener.incarnation ?? (await readSubnetById(listener.subnet, store))?.subnet.incarnation;
  if (incarnation === undefined) return { ok: false, message: `The subnet ${listener.subnet} does not exist.` };
  const subnet = listener.subnet.toLowerCase();
  await server.rulebook.loadSubnet(incarnation);
  const isOver = () => endsWithSubnet && server.rulebook.subnet(incarnation)?.id !== subnet;
  const why = 'it was deleted, or another one has its name. Read the networks again.';
  const message = `The subnet ${listener.subnet} with the resourceGuid ${incarnation} does not exist: ${why}`;
  if (isOver()) return { ok: false, message };
  const place = { subnet, incarnation };
  const open =
    listener.kind === 'subnet'
      ? await server.ingress.addSubnetListener(handle, place, listener.serves)
      : await server.ingress.addMetadataListener(handle, place, server.onMetadataConnection);
  if (isOver()) {
    open.close();
    return { ok: false, message };
  }
  const added = { ok: true, incarnation, close: () => open.close() } as const;
  return endsWithSubnet ? { ...added, endsWith: { incarnation, message } } : added;
}
