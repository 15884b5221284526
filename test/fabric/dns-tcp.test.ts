import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { frame, unframe } from '../../src/fabric/dns/framing.ts';
import { answersTo, serveTcp, usualLimits } from '../../src/fabric/dns/tcp.ts';
import { until } from '../world/process.ts';
import { queryFor } from './dns-query.ts';

const query = Buffer.from(frame(queryFor('contoso.vault.azure.net')));

/** A responder on loopback, whose whole network of addresses is there for sources. */
async function responder(limits: Partial<typeof usualLimits>): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(serveTcp({ ...usualLimits, ...limits }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: () => {
      server.close();
      return Promise.resolve();
    },
  };
}

async function connectFrom(localAddress: string, port: number): Promise<Socket & Disposable> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}

/** Whether the connection gets an answer; not, if it ends first. */
async function isAnswered(socket: Socket): Promise<boolean> {
  socket.write(query);
  for await (const chunk of socket) {
    const [answer] = unframe(chunk as Buffer).messages;
    return answer?.[3] === 0x80;
  }
  return false;
}

describe('names over TCP', () => {
  it('a client that takes no answers is read no further', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        read += 1;
        yield await Promise.resolve(query);
      }
    }
    const answers = answersTo(endless(), 100);
    await answers.next();
    await answers.next();
    assert.equal(read, 2);
    await answers.return(undefined);
  });

  it('a connection has so many answers, and ends with the next query', async () => {
    const chunks = [query.subarray(0, 5), Buffer.concat([query.subarray(5), query, query])];
    assert.equal(await countOf(answersTo(chunksOf(chunks), 4)), 3);
    assert.equal(await countOf(answersTo(chunksOf([...chunks, query]), 3)), 3);
    await using server = await responder({ queriesEach: 3 });
    using client = await connectFrom('127.0.0.2', server.port);
    let received = 0;
    client.on('data', (chunk) => (received += chunk.length));
    for (let asked = 0; asked < 4; asked += 1) client.write(query);
    await until(() => client.closed, 'its end');
    assert.ok(received <= 3 * (query.length + 16), `${received} bytes`);
  });

  it('the idle connections of one source keep no other source out, nor a new one of its own', async () => {
    await using server = await responder({ connections: 6, perSource: 4 });
    const idle = await Promise.all(Array.from({ length: 10 }, () => connectFrom('127.0.0.2', server.port)));
    await until(() => idle.filter(({ closed }) => closed).length === 6, 'the oldest ones to end');
    using neighbour = await connectFrom('127.0.0.3', server.port);
    assert.equal(await isAnswered(neighbour), true);
    using own = await connectFrom('127.0.0.2', server.port);
    assert.equal(await isAnswered(own), true);
    for (const each of idle) each.destroy();
  });

  it('a connection ends after its time, also one that asks again and again', async () => {
    await using server = await responder({ lifeMs: 300, queriesEach: Infinity });
    using client = await connectFrom('127.0.0.2', server.port);
    client.on('data', () => client.write(query));
    client.write(query);
    await until(() => client.closed, 'its end');
  });
});

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

async function countOf(answers: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const _ of answers) count += 1;
  return count;
}
