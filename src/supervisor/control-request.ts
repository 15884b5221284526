import { isIPv4 } from 'node:net';
import { parseMasterKey } from '../crypto/master-key.ts';
import type { Rotation } from '../types/key-rotation.ts';
import type { Service } from '../types/service.ts';
import type {
  DeclaredBinding,
  IdentityBinding,
  MetadataListener,
  PublicListener,
  SubnetListener,
} from '../types/supervision.ts';
import type { Namespace } from './namespace-files.ts';

/** A listener that a request asks for: what is not made when it is opened. */
export type AskedListener =
  | Omit<SubnetListener, 'id'>
  | Omit<MetadataListener, 'id'>
  | (Omit<PublicListener, 'id'> & { readonly serves: Service });

export type ControlRequest =
  | { readonly kind: 'open'; readonly namespace: Namespace; readonly port: number; readonly subnet: string }
  | { readonly kind: 'openAll'; readonly namespace: Namespace; readonly listeners: readonly AskedListener[] }
  | { readonly kind: 'close'; readonly id: string }
  | { readonly kind: 'closeAll'; readonly ids: readonly string[] }
  | ({ readonly kind: 'bind' } & Omit<IdentityBinding, 'id'>)
  | ({ readonly kind: 'declare' } & Omit<DeclaredBinding, 'id' | 'tokenDigest'>)
  | { readonly kind: 'unbind'; readonly id: string }
  | { readonly kind: 'beginRotation' }
  | { readonly kind: 'rotate'; readonly rotation: Rotation }
  | { readonly kind: 'list' }
  | { readonly kind: 'status' };

export type ReadRequest =
  { readonly ok: true; readonly request: ControlRequest } | { readonly ok: false; readonly message: string };

type Members = Readonly<Record<string, unknown>>;
type Read<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

/** A name that `ip netns` accepts, and that is neither an option nor a path. */
const namespaceName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
/** As a subnet's `resourceGuid` is made: in lower case (RFC 9562 section 4). */
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The octets of an HTTP field value that are not spaces (RFC 9110 section 5.5). */
const fieldValue = /^[\x21-\x7e]{1,512}$/;

/** Two for each subnet of a network, which has at most 3,000; each takes two descriptors until a worker has its socket. */
const listenersMax = 6_000;

const usage =
  'a request is {"open":"listener","namespace":"NAME"|{"pid":N,"name"?:"NAME"},"port":N,"subnet":"ARM ID"}, ' +
  '{"open":"listeners","namespace":…,"listeners":[…]}, {"close":"listener","id":"ID"}, {"close":"listeners","ids":["ID"]}, ' +
  '{"bind":"identity","incarnation":"GUID","address":"IPv4","identityHeader":"…"}, ' +
  '{"bind":"declared","subnet":"ARM ID","incarnation":"GUID","address":"IPv4"}, ' +
  '{"unbind":"identity"|"declared","id":"ID"}, {"begin":"masterKeyRotation"}, {"rotate":"masterKey","key"?:"…"}, ' +
  '{"rotate":"tokenKey","revoke":true|false}, {"list":"listeners"} or {"show":"status"}';

const verbs = ['open', 'close', 'bind', 'unbind', 'begin', 'rotate', 'list', 'show'] as const;

/** The requests by the member that says what to do, and its value. */
const readers: Readonly<Record<string, (members: Members) => ReadRequest>> = {
  'open listener': readOpen,
  'open listeners': readOpenAll,
  'close listener': ({ id }) => withId(id, (known) => ({ kind: 'close', id: known })),
  'close listeners': readCloseAll,
  'bind identity': readBind,
  'bind declared': readDeclare,
  'unbind declared': ({ id }) => withId(id, (known) => ({ kind: 'unbind', id: known })),
  'unbind identity': ({ id }) => withId(id, (known) => ({ kind: 'unbind', id: known })),
  'begin masterKeyRotation': () => ({ ok: true, request: { kind: 'beginRotation' } }),
  'rotate masterKey': readMasterKeyRotation,
  'rotate tokenKey': ({ revoke }) =>
    typeof revoke === 'boolean'
      ? { ok: true, request: { kind: 'rotate', rotation: { of: 'tokenKey', revoke } } }
      : refused('revoke must be true or false'),
  'list listeners': () => ({ ok: true, request: { kind: 'list' } }),
  'show status': () => ({ ok: true, request: { kind: 'status' } }),
};

/** Reads one line of the control socket. */
export function readRequest(line: string): ReadRequest {
  const members = parseObject(line);
  if (members === undefined) return refused(usage);
  const asked = verbs.flatMap((verb) => (typeof members[verb] === 'string' ? [`${verb} ${members[verb]}`] : []));
  const [only = ''] = asked;
  const reader = asked.length === 1 && Object.hasOwn(readers, only) ? readers[only] : undefined;
  return reader === undefined ? refused(usage) : reader(members);
}

function readOpen({ namespace, port, subnet }: Members): ReadRequest {
  const entered = readNamespace(namespace);
  if (!entered.ok) return entered;
  const place = readPlace({ port, subnet });
  if (!place.ok) return place;
  return { ok: true, request: { kind: 'open', namespace: entered.value, ...place.value } };
}

/** Nothing is opened when one of the listeners cannot be read. */
function readOpenAll({ namespace, listeners }: Members): ReadRequest {
  const entered = readNamespace(namespace);
  if (!entered.ok) return entered;
  if (!Array.isArray(listeners) || listeners.length === 0 || listeners.length > listenersMax)
    return refused(`listeners must be a list of 1 to ${listenersMax} listeners`);
  const asked: AskedListener[] = [];
  for (const [index, listener] of listeners.entries()) {
    const read = readListener(membersOf(listener) ?? {});
    if (!read.ok) return refused(`listeners[${index}]: ${read.message}`);
    asked.push(read.value);
  }
  return { ok: true, request: { kind: 'openAll', namespace: entered.value, listeners: asked } };
}

/** The kinds of listeners that one request opens several of. */
const kinds: Readonly<Record<string, (members: Members) => Read<AskedListener>>> = {
  subnet: readSubnetListener,
  metadata: readMetadataListener,
  public: readPublicListener,
};

function readListener(members: Members): Read<AskedListener> {
  const { kind } = members;
  const reader = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  return reader === undefined ? refused(`kind must be ${Object.keys(kinds).join(', ')}`) : reader(members);
}

function readSubnetListener({ port, subnet, incarnation, serves }: Members): Read<AskedListener> {
  const place = readPlace({ port, subnet });
  if (!place.ok) return place;
  if (incarnation !== undefined && !isGuid(incarnation)) return refused(incarnationRule);
  if (serves !== undefined && serves !== 'vaults')
    return refused('serves must be vaults: only these have service endpoints');
  const listener = { kind: 'subnet', ...place.value, incarnation, endsWithSubnet: true } as const;
  return { ok: true, value: serves === undefined ? listener : { ...listener, serves } };
}

function readMetadataListener({ port, subnet, incarnation }: Members): Read<AskedListener> {
  const place = readPlace({ port, subnet });
  if (!place.ok) return place;
  if (!isGuid(incarnation)) return refused(incarnationRule);
  return { ok: true, value: { kind: 'metadata', ...place.value, incarnation, endsWithSubnet: true } };
}

function readPublicListener({ address, port, serves }: Members): Read<AskedListener> {
  if (!isWhole(port, 65_535)) return refused(portRule);
  if (typeof address !== 'string' || !isIPv4(address))
    return refused('address must be an IPv4 address of the namespace');
  if (!isService(serves)) return refused(`serves must be one of ${services.join(', ')}`);
  return { ok: true, value: { kind: 'public', address, port, serves } };
}

const services = ['vaults', 'authority', 'resourceManager', 'graph'] as const satisfies readonly Service[];

function isService(value: unknown): value is Service {
  return services.some((service) => service === value);
}

const portRule = 'port must be a whole number from 1 to 65535';
const subnetRule = 'subnet must be the ARM id of a subnet: /subscriptions/…/virtualNetworks/…/subnets/…';
const privateRule = 'address must be the private IPv4 address of the workload, as 10.0.0.4';
const incarnationRule = "incarnation must be the subnet's resourceGuid: a GUID in lower case";

function readCloseAll({ ids }: Members): ReadRequest {
  const isRead = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
  return isRead ? { ok: true, request: { kind: 'closeAll', ids } } : refused(usage);
}

function readBind({ incarnation, address, identityHeader }: Members): ReadRequest {
  if (!isGuid(incarnation)) return refused(incarnationRule);
  if (typeof address !== 'string' || !isIPv4(address)) return refused(privateRule);
  // The message does not repeat it: it is a secret.
  if (typeof identityHeader !== 'string' || !fieldValue.test(identityHeader))
    return refused(
      'identityHeader must be the identity header of a managed identity: 1 to 512 visible ASCII characters',
    );
  return { ok: true, request: { kind: 'bind', incarnation, address, identityHeader } };
}

/** The message never has the key. */
function readMasterKeyRotation({ key }: Members): ReadRequest {
  if (key !== undefined && typeof key !== 'string') return refused('key must be the new master key, or left out');
  // Kept for the next worker before this one has seen it: one that cannot be read would keep the server from starting.
  const parsed = key === undefined ? undefined : parseMasterKey(key);
  if (parsed?.ok === false) return refused(`key is not a master key: ${parsed.refusal.message}`);
  return { ok: true, request: { kind: 'rotate', rotation: { of: 'masterKey', key } } };
}

function readNamespace(value: unknown): Read<Namespace> {
  if (isName(value)) return { ok: true, value };
  const { pid, name } = membersOf(value) ?? {};
  if (isWhole(pid, 2 ** 31 - 1) && (name === undefined || isName(name)))
    return { ok: true, value: name === undefined ? { pid } : { pid, name } };
  return refused('namespace must be a name known to ip netns or a process id: give --namespace NAME or --pid N');
}

function readPlace({ port, subnet }: Members): Read<{ readonly port: number; readonly subnet: string }> {
  if (!isWhole(port, 65_535)) return refused(portRule);
  return isId(subnet) ? { ok: true, value: { port, subnet } } : refused(subnetRule);
}

function readDeclare({ subnet, incarnation, address }: Members): ReadRequest {
  if (!isId(subnet)) return refused(subnetRule);
  if (!isGuid(incarnation)) return refused(incarnationRule);
  if (typeof address !== 'string' || !isIPv4(address)) return refused(privateRule);
  return { ok: true, request: { kind: 'declare', subnet, incarnation, address } };
}

function withId(id: unknown, request: (id: string) => ControlRequest): ReadRequest {
  return typeof id === 'string' ? { ok: true, request: request(id) } : refused(usage);
}

function refused(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && namespaceName.test(value);
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/');
}

function isGuid(value: unknown): value is string {
  return typeof value === 'string' && guid.test(value);
}

function isWhole(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

function membersOf(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}

function parseObject(line: string): Members | undefined {
  try {
    return membersOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}
