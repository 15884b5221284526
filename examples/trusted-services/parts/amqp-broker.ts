import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { AddressInfo, Socket } from 'node:net';
import rhea from 'rhea';
import type { Connection, Delivery, EventContext, Message, Receiver, Sender, Source, TerminusOptions } from 'rhea';

/** Keeps the messages behind a broker and gives them out, by the rules of Event Hubs or those of Service Bus. */
export interface Messaging {
  /** Keeps what a client sent to the address: messages, each as its AMQP bytes. @throws {AmqpRefusal} */
  readonly keep: (address: string, messages: readonly Buffer[]) => Promise<void>;
  /** The messages for a receiver that opens the address with the filter. */
  readonly reader: (address: string, filter: string) => Reader;
  /** The answer to a request for the properties of an entity. */
  readonly properties?: () => Readonly<Record<string, unknown>>;
}

export interface Reader {
  /** The next message, if there is one now. @throws {AmqpRefusal} */
  readonly next: () => Promise<Outgoing | undefined>;
}

export interface Outgoing {
  /** As they were kept. */
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly tag?: Buffer;
  /** Called when the receiver has accepted the message, or has given it back. */
  readonly settle?: (accepted: boolean) => Promise<void>;
}

/** An error with a condition of AMQP or of Microsoft. */
export class AmqpRefusal extends Error {
  readonly condition: string;

  constructor(condition: string, message: string) {
    super(message);
    this.condition = condition;
  }
}

/** Several messages in one transfer, each a data section ("AMQP 1.0 in Azure Service Bus and Event Hubs protocol guide"). */
const batchFormat = 0x80_01_37_00;
const keyName = 'RootManageSharedAccessKey';

/**
 * A small AMQP 1.0 broker, to which the official clients of Event Hubs and Service Bus connect as to Microsoft's emulators.
 * A client signs in with a shared access signature before it opens a link.
 */
export class AmqpBroker {
  readonly #messaging: Messaging;
  readonly #sharedKey = randomBytes(32).toString('base64');
  readonly #signedIn = new WeakSet<Connection>();
  readonly #pumps = new Map<Sender, Pump>();
  readonly #sockets = new Set<Socket>();
  readonly #server;

  private constructor(messaging: Messaging) {
    this.#messaging = messaging;
    const container = rhea.create_container({ id: 'broker' });
    container.on('receiver_open', ({ connection, receiver }: Received) => {
      this.#open(connection, receiver);
    });
    container.on('sender_open', ({ connection, sender }: Sending) => {
      this.#open(connection, sender);
    });
    container.on('message', (context: Received) => void this.#received(context));
    for (const event of ['sendable', 'sender_draining']) {
      container.on(event, ({ sender }: Sending) => void this.#pumps.get(sender)?.run(event === 'sender_draining'));
    }
    for (const outcome of ['accepted', 'released', 'rejected', 'modified']) {
      container.on(outcome, ({ sender, delivery }: Sending) => {
        void this.#pumps.get(sender)?.settle(delivery, outcome === 'accepted');
      });
    }
    container.on('sender_close', ({ sender }: Sending) => void this.#end(sender));
    container.on('disconnected', ({ connection }: EventContext) => {
      for (const sender of this.#pumps.keys()) if (sender.connection === connection) void this.#end(sender);
    });
    const options = {
      sender_options: { autosettle: false },
      receiver_options: { autoaccept: false, max_message_size: 1_048_576 },
    };
    this.#server = container.listen({ ...options, host: '127.0.0.1', port: 0 });
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket));
  }

  static async start(messaging: Messaging): Promise<AmqpBroker> {
    const broker = new AmqpBroker(messaging);
    await once(broker.#server, 'listening');
    return broker;
  }

  /** For the official clients. */
  get connectionString(): string {
    const { port } = this.#server.address() as AddressInfo;
    const key = `SharedAccessKeyName=${keyName};SharedAccessKey=${this.#sharedKey}`;
    return `Endpoint=sb://localhost:${port};${key};UseDevelopmentEmulator=true;`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #open(connection: Connection, link: Sender | Receiver): void {
    const { source, target } = attachOf(link);
    link.set_source(source);
    link.set_target(target);
    const { address } = link.is_sender() ? source : target;
    if (address !== '$cbs' && !this.#signedIn.has(connection)) {
      link.close({ condition: 'amqp:unauthorized-access', description: `${address}: sign in first.` });
    } else if (isSender(link) && !address.startsWith('$')) {
      const [filter] = Object.values(source.filter ?? {}) as { readonly value: string }[];
      this.#pumps.set(link, new Pump(link, this.#messaging.reader(address, filter?.value ?? '')));
    }
  }

  async #end(sender: Sender): Promise<void> {
    const pump = this.#pumps.get(sender);
    this.#pumps.delete(sender);
    await pump?.giveBack();
  }

  async #received(context: Received): Promise<void> {
    const { delivery, receiver, message, format = 0 } = context;
    const { address } = attachOf(receiver).target;
    try {
      if (address.startsWith('$')) this.#answer(address, context);
      else
        await this.#messaging.keep(address, format === batchFormat ? apart(message) : [rhea.message.encode(message)]);
      delivery.accept();
    } catch (error) {
      delivery.reject(refusalOf(error));
    }
    for (const pump of this.#pumps.values()) void pump.run();
  }

  /** A request to a node that answers on the link that the client named so. */
  #answer(address: string, { connection, message }: Received): void {
    const { application_properties: asked = {}, reply_to: replyTo, message_id: correlationId = '' } = message;
    const isSigned = address !== '$cbs' || this.#isSigned(String(message.body));
    if (address === '$cbs' && isSigned) this.#signedIn.add(connection);
    const code = isSigned ? 202 : 401;
    const properties = { 'status-code': code, statusCode: code, 'status-description': `${asked.operation}: ${code}` };
    const body = address === '$cbs' ? undefined : this.#messaging.properties?.();
    const reply = connection.find_sender(({ name }: Sender) => name === replyTo);
    reply?.send({ correlation_id: correlationId, application_properties: properties, body });
  }

  /** "SharedAccessSignature sr=…&sig=…&se=…&skn=…": the resource and the end, under the shared key. */
  #isSigned(token: string): boolean {
    const fields = new URLSearchParams(token.replace(/^SharedAccessSignature /, ''));
    const [resource, end, name] = ['sr', 'se', 'skn'].map((field) => fields.get(field) ?? '');
    const signed = createHmac('sha256', this.#sharedKey).update(`${encodeURIComponent(resource ?? '')}\n${end}`);
    return fields.get('sig') === signed.digest('base64') && name === keyName && Number(end) * 1000 > Date.now();
  }
}

/** Sends to one receiver what it has credit for. */
class Pump {
  readonly #sender: Sender;
  readonly #reader: Reader;
  readonly #sent = new Map<Delivery, Outgoing>();
  #isRunning = false;
  #isAskedAgain = false;
  #isDraining = false;

  constructor(sender: Sender, reader: Reader) {
    this.#sender = sender;
    this.#reader = reader;
  }

  async run(isDraining = false): Promise<void> {
    this.#isDraining ||= isDraining;
    this.#isAskedAgain = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        await this.#sendAll();
      }
      if (this.#isDraining) this.#sender.set_drained(true);
      this.#isDraining = false;
    } catch (error) {
      this.#sender.close(refusalOf(error));
    }
    this.#isRunning = false;
  }

  async settle(delivery: Delivery, accepted: boolean): Promise<void> {
    await this.#sent.get(delivery)?.settle?.(accepted);
    this.#sent.delete(delivery);
    delivery.update(true, delivery.remote_state?.['described']());
    if (!accepted) await this.run();
  }

  /** Gives back the messages that the receiver will not settle any more. */
  async giveBack(): Promise<void> {
    for (const { settle } of this.#sent.values()) await settle?.(false);
    this.#sent.clear();
  }

  async #sendAll(): Promise<void> {
    while (this.#sender.is_open() && this.#sender.sendable()) {
      const next = await this.#reader.next();
      if (next === undefined) return;
      const message = { ...decoded(next.bytes), message_annotations: next.annotations };
      this.#sent.set(this.#sender.send(message, next.tag), next);
      // rhea writes, and takes the credit off, at the end of the turn.
      await setImmediate();
    }
  }
}

type Received = Required<Pick<EventContext, 'connection' | 'receiver' | 'delivery' | 'message'>> & {
  readonly format?: number;
};
type Sending = Required<Pick<EventContext, 'connection' | 'sender' | 'delivery'>>;

/** The source and target with which the client opened the link. rhea's types leave them out. */
function attachOf(link: Sender | Receiver): { readonly source: Source; readonly target: TerminusOptions } {
  return (link as unknown as { remote: { attach: { source: Source; target: TerminusOptions } } }).remote.attach;
}

function isSender(link: Sender | Receiver): link is Sender {
  return link.is_sender();
}

/** The messages of a batch, which rhea leaves in its bytes. */
function apart(batch: Message): readonly Buffer[] {
  return [decoded(batch as unknown as Buffer).body.content].flat();
}

function decoded(bytes: Buffer): Message {
  return rhea.message.decode(bytes) as unknown as Message;
}

function refusalOf(error: unknown) {
  if (error instanceof AmqpRefusal) return { condition: error.condition, description: error.message };
  return { condition: 'amqp:internal-error', description: String(error) };
}
