/**
 * Azure Event Hubs: "Allow access to a key vault for customer-managed keys scenario"
 *
 * A namespace of Event Hubs keeps what is sent to it encrypted under a data key, which up to three keys of the customer's
 * wrap. It asks the vault every few minutes, and works while one key can be used. When no key can, its status is "Revoked".
 *
 * This program is the namespace: a small AMQP broker, with partitions of sealed segments on disk. Microsoft's own client
 * sends and receives.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from '@azure/event-hubs';
import rhea from 'rhea';
import { AmqpBroker, AmqpRefusal } from './parts/amqp-broker.ts';
import type { Messaging, Reader } from './parts/amqp-broker.ts';
import { systemAssigned } from './parts/callers.ts';
import { seal, unseal } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { externalIssuer } from './parts/impostors.ts';
import { MessagingKey } from './parts/messaging-key.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';

const type = 'Microsoft.EventHub/namespaces';
const keyNames = ['hub-key-1', 'hub-key-2', 'hub-key-3'] as const;
const hub = 'telemetry';
const readings = ['boiler 91 degrees', 'boiler 94 degrees', 'boiler 99 degrees'];

async function work({ owner, vault, service, party, grant, say }: Stage): Promise<void> {
  using folder = temporaryFolder();
  const data = join(folder.path, 'namespace');
  mkdirSync(data);
  const key = new MessagingKey(service, data);
  await refuses(key, data);
  await key.enable(keyNames);
  say(
    'The namespace took three keys, and each wraps its data key. It refused a fourth key, and keys when it held data already.',
  );

  await using broker = await AmqpBroker.start(new EventHub(data, key));
  assert.deepEqual(await send(broker, readings), ['0', '1']);
  assert.deepEqual(await receive(broker), readings);
  const atRest = stored(data);
  assert.equal(atRest.length, 1);
  for (const reading of readings)
    assert.equal(
      atRest.some((bytes) => bytes.includes(reading)),
      false,
    );
  say('The official client sent three events to partition 0 and received them. The segment on disk is sealed.');

  const stranger = { connectionString: broker.connectionString.replace(/AccessKey=[^;]+/, 'AccessKey=c3RyYW5nZXI=') };
  assert.match(await failure(send(stranger, readings)), /^UnauthorizedError/);

  const [before] = key.versions;
  await owner.keys.rotateKey(keyNames[0]);
  await key.poll();
  assert.notEqual(key.versions[0], before);
  assert.deepEqual(stored(data), atRest);
  say('A key was rotated: after the next poll its new version wraps the data key, and the segment is the same.');

  for (const name of keyNames.slice(0, 2)) await owner.keys.updateKeyProperties(name, { enabled: false });
  await using restarted = await AmqpBroker.start(new EventHub(data, await MessagingKey.reopen(service, data)));
  assert.deepEqual(await receive(restarted), readings);
  await key.poll();
  assert.equal(key.status, 'Active');
  say('Two keys were disabled, and the namespace was restarted: it reads its events by the third key.');

  await vault.revoke(party);
  await key.poll();
  assert.equal(key.status, 'Revoked');
  const [sending, receiving] = [await failure(send(broker, readings)), await failure(receive(broker))];
  assert.match(sending, /UnauthorizedError.*revoked: the vault answers 403/);
  assert.match(receiving, /UnauthorizedError.*revoked: the vault answers 403/);
  assert.deepEqual(stored(data), atRest);
  say(`The grant was taken away: the namespace is Revoked. It takes no events and gives none out (${sending}).`);

  await vault.grant(party, grant);
  for (const name of keyNames.slice(0, 2)) await owner.keys.updateKeyProperties(name, { enabled: true });
  await key.poll();
  assert.equal(key.status, 'Active');
  assert.deepEqual(await receive(broker), readings);
  assert.deepEqual(stored(data), atRest);
  say('The grant was given back: the namespace is Active, and the same segment is read.');
}

async function refuses(key: MessagingKey, data: string): Promise<void> {
  await assert.rejects(key.enable([...keyNames, 'hub-key-4']), /4 keys; a namespace takes one to three/);
  mkdirSync(join(data, '0'));
  await assert.rejects(key.enable(keyNames), /only one that is new or empty/);
  rmdirSync(join(data, '0'));
}

const noRetry = { retryOptions: { maxRetries: 0, timeoutInMs: 30_000 } };

/** Sends by the official client, as one batch, to partition 0. Returns the hub's partitions. */
async function send(
  { connectionString }: Pick<AmqpBroker, 'connectionString'>,
  bodies: readonly string[],
): Promise<readonly string[]> {
  const producer = new EventHubProducerClient(connectionString, hub, noRetry);
  try {
    const partitionIds = await producer.getPartitionIds();
    const batch = await producer.createBatch({ partitionId: '0' });
    for (const body of bodies) batch.tryAdd({ body });
    await producer.sendBatch(batch);
    return partitionIds;
  } finally {
    await producer.close();
  }
}

/** Receives the readings by the official client, from the beginning of partition 0. */
async function receive({ connectionString }: AmqpBroker): Promise<readonly unknown[]> {
  const consumer = new EventHubConsumerClient('$Default', connectionString, hub, noRetry);
  const received = Promise.withResolvers<readonly unknown[]>();
  const bodies: unknown[] = [];
  const subscription = consumer.subscribe(
    '0',
    {
      processEvents: async (events) => {
        bodies.push(...events.map(({ body }) => body as unknown));
        if (bodies.length >= readings.length) received.resolve(bodies);
      },
      processError: async (error) => {
        received.reject(error);
      },
    },
    { startPosition: earliestEventPosition, maxBatchSize: readings.length },
  );
  try {
    return await received.promise;
  } finally {
    await subscription.close();
    await consumer.close();
  }
}

async function failure(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  const { code, message } = error as { code?: string; message: string };
  return `${code}: ${message}`;
}

/** The segments at rest. */
function stored(data: string): readonly Buffer[] {
  const names = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.segment'));
  return names.toSorted().map((name) => readFileSync(join(data, name)));
}

/** An event hub of two partitions, each a folder of sealed segments. A segment's name is its first sequence number. */
class EventHub implements Messaging {
  readonly #folder: string;
  readonly #key: MessagingKey;

  constructor(folder: string, key: MessagingKey) {
    this.#folder = folder;
    this.#key = key;
  }

  properties() {
    return {
      name: hub,
      type: 'com.microsoft:eventhub',
      created_at: new Date(),
      partition_count: 2,
      partition_ids: ['0', '1'],
    };
  }

  async keep(address: string, events: readonly Buffer[]): Promise<void> {
    const partition = partitionOf(address);
    const enqueuedMs = Date.now();
    const known = this.#read(partition);
    const segment = events.map((event) => ({ event: event.toString('base64'), enqueuedMs }));
    const place = join(partition, `${String(known.length).padStart(12, '0')}.segment`);
    mkdirSync(join(this.#folder, partition), { recursive: true });
    writeFileSync(join(this.#folder, place), seal(this.#key.dataKey, Buffer.from(JSON.stringify(segment)), place));
  }

  /** From the position that the filter names, or from the beginning: "amqp.annotation.x-opt-offset > '2'". */
  reader(address: string, filter: string): Reader {
    const partition = partitionOf(address);
    const [, comparison, position] = /x-opt-(?:offset|sequence-number) (>=?) '(-?\d+)'/.exec(filter) ?? [];
    let sequence = Math.max(0, Number(position ?? 0) + (comparison === '>' ? 1 : 0));
    return {
      next: async () => {
        const kept = this.#read(partition)[sequence];
        if (kept === undefined) return undefined;
        const annotations = {
          'x-opt-sequence-number': rhea.types.wrap_long(sequence),
          'x-opt-offset': String(sequence),
          'x-opt-enqueued-time': rhea.types.wrap_timestamp(kept.enqueuedMs),
        };
        sequence += 1;
        return { bytes: Buffer.from(kept.event, 'base64'), annotations };
      },
    };
  }

  /** All events of the partition. @throws {AmqpRefusal} while the namespace is revoked */
  #read(partition: string): readonly { readonly event: string; readonly enqueuedMs: number }[] {
    const folder = join(this.#folder, partition);
    const key = this.#key.dataKey;
    const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
    return names.flatMap((name) => {
      const place = join(partition, name);
      return JSON.parse(unseal(key, readFileSync(join(this.#folder, place)), place).toString());
    });
  }
}

/** "HUB/Partitions/0", or "HUB/ConsumerGroups/GROUP/Partitions/0". */
function partitionOf(address: string): string {
  const [, partition] = /^[^/]+(?:\/ConsumerGroups\/[^/]+)?\/Partitions\/([01])$/.exec(address) ?? [];
  if (partition === undefined) throw new AmqpRefusal('amqp:not-found', `${address} is not a partition of ${hub}.`);
  return partition;
}

await play({
  service: 'Azure Event Hubs',
  caller: systemAssigned(type, 'contosohub'),
  grant: { keys: ['get', 'wrapKey', 'unwrapKey', 'list', 'backup'] },
  furnish: async ({ keys }) => {
    for (const name of keyNames) await keys.createRsaKey(name, { keySize: 2048 });
  },
  work,
  call: async ({ keys }) => {
    for await (const _ of keys.listPropertiesOfKeys()) break;
  },
  outside: { title: 'backs the key up', call: ({ keys }) => keys.backupKey(keyNames[0]) },
  forged: { caller: externalIssuer(type, 'contosohub') },
});
