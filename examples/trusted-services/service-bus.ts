/**
 * Azure Service Bus: "Allow access to a key vault for customer-managed keys scenario"
 *
 * A namespace of Service Bus keeps the messages of its queues encrypted under a data key, which up to three keys of the
 * customer's wrap, as Event Hubs does. A message leaves the disk when its receiver has completed it.
 *
 * This program is the namespace: a small AMQP broker, with a queue of sealed files. Microsoft's own client sends, receives
 * and completes. The namespace calls the vault by a user-assigned identity; its document allows either kind.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import type { ServiceBusReceiver } from '@azure/service-bus';
import rhea from 'rhea';
import { AmqpBroker, AmqpRefusal } from './parts/amqp-broker.ts';
import type { Messaging, Outgoing, Reader } from './parts/amqp-broker.ts';
import { systemAssigned, userAssigned } from './parts/callers.ts';
import { decryptWith, seal, unseal } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { MessagingKey } from './parts/messaging-key.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { revocations } from './parts/revocations.ts';

const keyName = 'bus-key';
const queue = 'orders';
const orders = ['100 valves', '20 pumps', '3 turbines'] as const;

async function work(stage: Stage): Promise<void> {
  const { owner, service, say } = stage;
  using folder = temporaryFolder();
  const data = join(folder.path, 'namespace');
  mkdirSync(data);
  const key = new MessagingKey(service, data);
  await key.enable([keyName]);
  await using broker = await AmqpBroker.start(new Queue(data, key));
  const bus = new Bus(broker);
  await bus.send(orders);
  const atRest = stored(data);
  assert.equal(atRest.size, 3);
  for (const order of orders)
    assert.equal(
      [...atRest.values()].some((bytes) => bytes.includes(order)),
      false,
    );
  say('The official client sent three orders. The queue on disk has a sealed file for each.');

  assert.equal(await bus.take('abandon'), orders[0]);
  assert.equal(stored(data).size, 3);
  assert.equal(await bus.take('complete'), orders[0]);
  assert.deepEqual([...stored(data).keys()], [...atRest.keys()].slice(1));
  atRest.delete([...atRest.keys()][0] ?? '');
  say(
    'The first order was received, abandoned, received again and completed: its file is gone, and the others are there.',
  );

  const before = key.versions;
  await owner.keys.rotateKey(keyName);
  await key.poll();
  assert.notDeepEqual(key.versions, before);
  assert.deepEqual(stored(data), atRest);
  say('The key was rotated: after the next poll its new version wraps the data key, and the files are the same.');

  for (const { title, answer, take, giveBack } of revocations(stage, keyName)) {
    await take();
    await key.poll();
    assert.equal(key.status, 'Revoked');
    for (const attempt of [() => bus.send(['1 more']), () => bus.take('complete')]) {
      await assert.rejects(attempt, { code: 'UnauthorizedAccess', message: new RegExp(answer.slice(0, 3)) });
    }
    assert.deepEqual(stored(data), atRest);
    await giveBack();
    await key.poll();
    assert.equal(key.status, 'Active');
    say(
      `After ${title}, the namespace is Revoked: sending and receiving end with UnauthorizedAccess (vault: ${answer}).`,
    );
  }

  await using restarted = await AmqpBroker.start(new Queue(data, await MessagingKey.reopen(service, data)));
  const newBus = new Bus(restarted);
  assert.equal(await newBus.take('complete'), orders[1]);
  assert.equal(await newBus.take('complete'), orders[2]);
  assert.equal(stored(data).size, 0);
  say('Each time it was given back. Then the namespace was restarted, and the two orders that waited were received.');
}

/** The official client. */
class Bus {
  readonly #connectionString: string;

  constructor({ connectionString }: AmqpBroker) {
    this.#connectionString = connectionString;
  }

  async send(bodies: readonly string[]): Promise<void> {
    await this.#with(async (client) => {
      await client.createSender(queue).sendMessages(bodies.map((body) => ({ body, messageId: randomUUID() })));
    });
  }

  /** Receives one message, and completes it or gives it back. */
  async take(end: 'complete' | 'abandon'): Promise<unknown> {
    return this.#with(async (client) => {
      const receiver = client.createReceiver(queue);
      const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
      assert.ok(message !== undefined, 'The queue gave nothing.');
      await ends[end](receiver, message);
      return message.body as unknown;
    });
  }

  async #with<Result>(use: (client: ServiceBusClient) => Promise<Result>): Promise<Result> {
    const retryOptions = { maxRetries: 0, timeoutInMs: 30_000 };
    const client = new ServiceBusClient(this.#connectionString, { retryOptions });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }
}

type Message = Parameters<ServiceBusReceiver['completeMessage']>[0];

const ends = {
  complete: (receiver: ServiceBusReceiver, message: Message) => receiver.completeMessage(message),
  abandon: (receiver: ServiceBusReceiver, message: Message) => receiver.abandonMessage(message),
};

/** The files at rest, by their names. */
function stored(data: string): Map<string, Buffer> {
  const names = readdirSync(data).toSorted();
  return new Map(names.map((name) => [name, readFileSync(join(data, name))]));
}

/** A queue: a folder with a sealed file for each message. A file's name is the message's sequence number. */
class Queue implements Messaging {
  readonly #folder: string;
  readonly #key: MessagingKey;
  readonly #locked = new Set<string>();
  #last: number;

  constructor(folder: string, key: MessagingKey) {
    this.#folder = folder;
    this.#key = key;
    this.#last = Number.parseInt(readdirSync(folder).toSorted().at(-1) ?? '0', 10);
  }

  async keep(address: string, messages: readonly Buffer[]): Promise<void> {
    mustBeQueue(address);
    for (const message of messages) {
      const name = `${String(this.#last + 1).padStart(12, '0')}.message`;
      writeFileSync(join(this.#folder, name), seal(this.#key.dataKey, message, name));
      this.#last += 1;
    }
  }

  reader(address: string): Reader {
    return {
      next: async () => {
        mustBeQueue(address);
        const key = this.#key.dataKey;
        const name = readdirSync(this.#folder)
          .toSorted()
          .find((each) => !this.#locked.has(each));
        return name === undefined
          ? undefined
          : this.#lock(name, unseal(key, readFileSync(join(this.#folder, name)), name));
      },
    };
  }

  /** No other receiver gets the message until this one has settled it. */
  #lock(name: string, bytes: Buffer): Outgoing {
    this.#locked.add(name);
    const annotations = {
      'x-opt-sequence-number': rhea.types.wrap_long(Number.parseInt(name, 10)),
      'x-opt-locked-until': rhea.types.wrap_timestamp(Date.now() + 60_000),
    };
    return {
      bytes,
      annotations,
      tag: Buffer.from(randomUUID().replaceAll('-', ''), 'hex'),
      settle: async (accepted) => {
        if (accepted) rmSync(join(this.#folder, name));
        this.#locked.delete(name);
      },
    };
  }
}

function mustBeQueue(address: string): void {
  if (address !== queue) throw new AmqpRefusal('amqp:not-found', `${address} is not a queue of this namespace.`);
}

await play({
  service: 'Azure Service Bus',
  caller: userAssigned('Microsoft.ServiceBus/namespaces', 'contosobus'),
  grant: { keys: ['get', 'wrapKey', 'unwrapKey', 'list', 'decrypt'], secrets: ['get'] },
  furnish: async ({ keys, secrets }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
    await secrets.setSecret('payroll', 'not for message brokers');
  },
  work,
  call: async ({ keys }) => {
    for await (const _ of keys.listPropertiesOfKeys()) break;
  },
  outside: { title: 'decrypts with the key', call: decryptWith(keyName) },
  forged: {
    caller: systemAssigned('Microsoft.EventHub/namespaces', 'contosohub'),
    title: 'the identity of Microsoft.EventHub/namespaces, for a secret',
    call: ({ secrets }) => secrets.getSecret('payroll'),
  },
});
