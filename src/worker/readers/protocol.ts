import { parseAddress } from '../../address/address.ts';
import type { LineFrame, RecordLine } from '../../audit/line.ts';
import type { Measured } from '../../http/measured.ts';
import type { Certificate, NamedCertificate } from '../../ingress/options.ts';
import { recordIn } from '../../recent/recent-log.ts';
import { accept, wrong } from '../../shape/fault.ts';
import { parsed } from '../../shape/parsed.ts';
import {
  array,
  boolean,
  literal,
  number,
  object,
  optional,
  record,
  refine,
  string,
  wholeNumber,
} from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import type { Service } from '../../types/service.ts';
import type { Source } from '../../types/source.ts';

/** The descriptor of a reader that names the socket at which the worker takes its connections (`supervisor/reader-channel.ts`). */
export const channelDescriptor = 6;
/** A path that leads there without the folders above it, which a reader may not pass (proc_pid_fd(5)). */
export const channelPath = `/proc/self/fd/${channelDescriptor}`;

/** The longest first line of a connection. The longest parts are a subnet's id and a reason. */
export const prefaceMax = 16_384;

/** How many frames of lines a reader and the worker keep in common. Beyond it both begin again. */
export const framesMax = 4096;

const positive = wholeNumber(0, Number.MAX_SAFE_INTEGER);

const address = refine(string, (text) => {
  const read = parseAddress(text);
  return read === undefined ? wrong(text, 'must be an IP address') : accept(read);
});

const publicSource = object({ kind: literal('public'), address });
const subnetSource = object({
  kind: literal('subnet'),
  subnet: string,
  incarnation: string,
  address,
  assurance: literal('enforced', 'declared'),
});
const unknownSource = object({ kind: literal('unknown'), reason: string });

const source: Shape<Source> = (value) => {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (kind === 'public') return publicSource(value);
  return kind === 'subnet' ? subnetSource(value) : unknownSource(value);
};

/**
 * What a reader proved of a connection whose requests it hands to the worker. It is the first line of a connection of
 * the reader's own; what the client sends comes after it, so that no request can say any of this.
 */
export interface RelayedConnection {
  readonly kind: 'requests';
  readonly epoch: number;
  readonly source: Source;
  readonly serves?: Service | undefined;
  /** The name that the client asked for in its TLS handshake (SNI), and the version of TLS. */
  readonly servername?: string | undefined;
  readonly tls?: string | undefined;
}

/** The first line of the connection on which a reader sends its records and gets orders. */
export interface RecordsConnection {
  readonly kind: 'records';
  readonly epoch: number;
  readonly reader: number;
  readonly pid: number;
}

const relayed = object({
  kind: literal('requests'),
  epoch: positive,
  source,
  serves: optional(literal('vaults', 'authority', 'resourceManager', 'graph')),
  servername: optional(string),
  tls: optional(string),
});
const records = object({ kind: literal('records'), epoch: positive, reader: positive, pid: positive });

/** The first line of a connection. An address is sent as it is written. */
export function prefaceLine({ source: proved, ...rest }: RelayedConnection): string {
  const sent = proved.kind === 'unknown' ? proved : { ...proved, address: proved.address.text };
  return `${JSON.stringify({ ...rest, source: sent })}\n`;
}

/** Reads the first line of a connection; `undefined`: no reader sends that. */
export function readPreface(line: string): RelayedConnection | RecordsConnection | undefined {
  const value = parsed(line);
  const isRecords = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'records';
  const read = isRecords ? records(value) : relayed(value);
  return read.ok ? read.value : undefined;
}

/** The figures of a reader, for status and metrics. */
export interface ReaderVitals {
  readonly connections: readonly { readonly listener: string; readonly open: number }[];
  readonly inFlight: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

const vitals = object({
  connections: array(object({ listener: string, open: positive })),
  inFlight: number,
  cpuSeconds: number,
  residentBytes: number,
});

/** A request that a reader answered: operation, status, seconds, whether the firewall let it in, and why. */
const ended = object({
  operation: string,
  status: optional(positive),
  seconds: number,
  allowed: optional(boolean),
  because: optional(string),
});

const message = object({
  /** Names the batch of records, whose lines follow; the worker answers with it. */
  id: optional(positive),
  /** The frame and the time of each line that follows; 0: it has no frame. */
  lines: optional(array(array(number))),
  /** The resource ids of frames that the lines use first. */
  frames: optional(record(string)),
  /** The frames before are not used again. */
  forget: optional(boolean),
  ended: optional(array(ended)),
  vitals: optional(vitals),
  /** The order that was carried out. */
  took: optional(positive),
});

type Message = NonNullable<ReturnType<typeof readHead>>;

/** Reads the head of a message; the lines of its records follow one by one. */
function readHead(line: string) {
  const read = message(parsed(line));
  return read.ok ? read.value : undefined;
}

/** One message of a reader with its records, as the worker's audit takes them. */
export interface ReaderMessage {
  readonly id: number | undefined;
  readonly lines: readonly RecordLine[];
  readonly ended: readonly Measured[];
  readonly vitals: ReaderVitals | undefined;
  readonly took: number | undefined;
}

/** The records of one reader, put together from its lines. */
export class ReaderMessages {
  readonly #frames = new Map<number, LineFrame>();
  #head: Message | undefined;
  #texts: string[] = [];

  /**
   * Takes a line, and returns the message that it completes.
   * @throws {TypeError} for a line that no reader sends
   */
  take(line: string): ReaderMessage | undefined {
    if (this.#head === undefined) this.#head = this.#begun(line);
    else this.#texts.push(line);
    if (this.#texts.length < (this.#head.lines?.length ?? 0)) return undefined;
    const { id, lines = [], ended: over = [], vitals: own, took } = this.#head;
    const texts = this.#texts;
    this.#head = undefined;
    this.#texts = [];
    return {
      id,
      lines: texts.map((text, index) => this.#lineOf(text, lines[index] ?? [])),
      ended: over.map(measuredOf),
      vitals: own,
      took,
    };
  }

  #begun(line: string): Message {
    const head = readHead(line);
    if (head === undefined) throw new TypeError('a reader sent a line that is not one of its messages');
    if (head.forget === true) this.#frames.clear();
    for (const [id, resourceId] of Object.entries(head.frames ?? {})) {
      if (this.#frames.size >= framesMax) throw new TypeError(`a reader has more than ${framesMax} frames in use`);
      this.#frames.set(Number(id), { ...emptyFrame, resourceId });
    }
    return head;
  }

  #lineOf(text: string, [frameId = 0, atMs = 0]: readonly number[]): RecordLine {
    const frame = this.#frames.get(frameId);
    const category = 'AuditEvent' as const;
    if (frame !== undefined) return { category, resourceId: frame.resourceId, text, frame, atMs };
    const read = recordIn(text);
    return { category, resourceId: read?.resourceId ?? '', text, ...(read !== undefined && { record: read }) };
  }
}

/** The strings of a reader's frame stay with the reader: here it only says which lines have the same. */
const emptyFrame = { fromTime: '', fromDuration: '', fromCorrelation: '', fromObject: '', fromRequest: '' };

function measuredOf({ operation, status, seconds, allowed, because }: NonNullable<Message['ended']>[number]): Measured {
  const verdict = allowed === undefined || because === undefined ? undefined : { allowed, because };
  return { edge: 'vaults', operation, status, seconds, verdict };
}

/** The state that a reader gets from the worker instead of reading it itself: it makes nothing and has no key's file. */
export interface ReaderState {
  /** As `parseMasterKey` reads them: those that the store may be sealed under. */
  readonly masterKeys: readonly string[];
  readonly tenantId: string;
  readonly own: Certificate;
  readonly azure: Certificate;
  readonly operator: readonly NamedCertificate[];
  readonly gatewayAuthorities: string;
}

/** A message of the worker to a reader. Each order is carried out, then answered by `took`. */
export type ToReader =
  | { readonly kind: 'recorded'; readonly id: number }
  /** The records could not be written. */
  | { readonly kind: 'failed'; readonly id: number }
  | { readonly kind: 'state'; readonly order: number; readonly state: ReaderState }
  /** These records were changed. */
  | { readonly kind: 'changed'; readonly order: number; readonly keys: readonly string[] };

const certificate = object({ key: string, cert: string });

const toReader: Readonly<Record<ToReader['kind'], Shape<ToReader>>> = {
  recorded: object({ kind: literal('recorded'), id: positive }),
  failed: object({ kind: literal('failed'), id: positive }),
  changed: object({ kind: literal('changed'), order: positive, keys: array(string) }),
  state: object({
    kind: literal('state'),
    order: positive,
    state: object({
      masterKeys: array(string),
      tenantId: string,
      own: certificate,
      azure: certificate,
      operator: array(object({ key: string, cert: string, names: array(string), keyType: literal('rsa', 'ec') })),
      gatewayAuthorities: string,
    }),
  }),
};

/** Reads a line of the worker's; `undefined`: the worker never sends that. */
export function readOrder(line: string): ToReader | undefined {
  const value = parsed(line);
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (typeof kind !== 'string' || !isOrder(kind)) return undefined;
  const read = toReader[kind](value);
  return read.ok ? read.value : undefined;
}

function isOrder(kind: string): kind is ToReader['kind'] {
  return Object.hasOwn(toReader, kind);
}
