import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectPlain, createServer as createPlain } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { suite, test } from 'node:test';
import { connect, createServer as createTls } from 'node:tls';
import { countRequests, createHttp, Drain } from '../../src/http/http-server.ts';
import { testAuthority } from '../ingress/certificates.ts';

const authority = await testAuthority('portions');
const certificate = await authority.issue({ dns: ['localhost'] });

const kinds = {
  plain: {
    serve: (found: (socket: Socket) => void): Server => createPlain(found),
    dial: (port: number): Socket => connectPlain(port, '127.0.0.1'),
  },
  TLS: {
    serve: (found: (socket: Socket) => void): Server => createTls(certificate, found),
    dial: (port: number): Socket => connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert }),
  },
};

type Kind = (typeof kinds)[keyof typeof kinds];

/** An HTTP server that answers each request with its target and the length of its body. */
async function open({ serve, dial }: Kind, asked: (request: IncomingMessage) => void = () => {}) {
  const drain = new Drain();
  const http = createHttp(undefined, drain);
  countRequests(http, [drain]);
  http.on('request', (request, response) => {
    asked(request);
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => response.end(`[${request.url} ${bytes}]`));
  });
  const listener = serve((socket) => http.emit('connection', socket)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const clients: Socket[] = [];
  return {
    /** A connection that has had an answer, so that the server has it. */
    async dial() {
      const client = dial((listener.address() as AddressInfo).port);
      client.on('error', () => undefined);
      clients.push(client);
      client.write('GET /first HTTP/1.1\r\n\r\n');
      await once(client, 'data');
      return client;
    },
    [Symbol.dispose]() {
      for (const client of clients) client.destroy();
      listener.close();
      http.closeAllConnections();
      http.close();
    },
  };
}

/** All that the server answers until `last` has come or the connection has ended. */
async function answersTo(client: Socket, last: string): Promise<string> {
  let text = '';
  client.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    if (text.includes(last)) client.destroy();
  });
  await once(client, 'close');
  return text;
}

const answered = (text: string) => Array.from(text.matchAll(/\[([^\]]*)\]/g), ([, answer]) => answer);

/** Counts what comes between two turns of the event loop. */
class EachTurn {
  most = 0;
  #count = 0;
  #isOver = false;

  /** Counts from now on. */
  begin(): void {
    this.#count = 0;
    if (!this.#isOver) setImmediate(() => this.#next());
  }

  #next(): void {
    this.most = Math.max(this.most, this.#count);
    this.begin();
  }

  readonly count = (): void => {
    this.#count += 1;
  };

  [Symbol.dispose](): void {
    this.#isOver = true;
  }
}

const each = 200;
const several = Array.from({ length: each }, (_, at) => `GET /${at} HTTP/1.1\r\n\r\n`).join('');
const severalAnswered = Array.from({ length: each }, (_, at) => `/${at} 0`);

async function sendSeveral(client: Socket): Promise<void> {
  client.write(several);
  assert.deepEqual(answered(await answersTo(client, `[/${each - 1} 0]`)), severalAnswered);
}

for (const [name, kind] of Object.entries(kinds)) {
  suite(`once a ${name} connection has brought many requests at once`, () => {
    test('what others bring is taken apart eight requests a turn, and 64 for all that wait', async () => {
      using turns = new EachTurn();
      using opened = await open(kind, turns.count);
      const before = await Promise.all(Array.from({ length: 8 }, () => opened.dial()));
      await sendSeveral(await opened.dial());
      turns.begin();
      const after = await Promise.all(Array.from({ length: 8 }, () => opened.dial()));
      await Promise.all([...before, ...after].map(sendSeveral));
      // The first of each connection's in the turn when they come, and those whose turn it is.
      assert.ok(turns.most > 8 && turns.most <= 64 + 16, `${turns.most} in one turn`);
    });

    test('a body in chunks is taken apart 512 bytes at a time, eight times a turn', async () => {
      using turns = new EachTurn();
      using opened = await open(kind, (request) => request.on('data', turns.count));
      await sendSeveral(await opened.dial());
      turns.begin();
      const chunks = 10_000;
      const client = await opened.dial();
      client.write(`PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(chunks)}0\r\n\r\n`);
      assert.deepEqual(answered(await answersTo(client, ']')), [`/a ${chunks}`]);
      const portion = Math.ceil(512 / 6);
      assert.ok(turns.most > portion && turns.most <= (8 + 1) * portion, `${turns.most} in one turn`);
    });
  });

  test(`once a ${name} connection has brought a body in chunks, requests are taken apart in the same way`, async () => {
    using turns = new EachTurn();
    using opened = await open(kind, turns.count);
    const [other, client] = [await opened.dial(), await opened.dial()];
    client.write('PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n');
    assert.deepEqual(answered(await answersTo(client, ']')), ['/a 1']);
    turns.begin();
    await sendSeveral(other);
    assert.ok(turns.most <= 8 + 1, `${turns.most} in one turn`);
  });
}

test('eight requests at once on each of many connections, and bodies with a length, change nothing', async () => {
  using turns = new EachTurn();
  using opened = await open(kinds.plain, turns.count);
  for (let round = 0; round < 3; round += 1) {
    const client = await opened.dial();
    client.write('PUT /a HTTP/1.1\r\nContent-Length: 4\r\n\r\n\r\n\r\n'.repeat(7));
    client.write('GET /b HTTP/1.1\r\n\r\n');
    assert.deepEqual(answered(await answersTo(client, '[/b 0]')), [...Array<string>(7).fill('/a 4'), '/b 0']);
  }
  turns.begin();
  await sendSeveral(await opened.dial());
  assert.ok(turns.most > 8 + 1, `${turns.most} in one turn`);
});

suite('requests that come at once', () => {
  test('are what was sent, however it is divided', async () => {
    using opened = await open(kinds.plain);
    let state = 1;
    // The numerical recipes' generator: the same parts each time.
    const random = (below: number) => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 40; round += 1) {
      const expected: string[] = [];
      let sent = '';
      for (let at = 0; at < 20; at += 1) {
        const body = ['', 'x', '\r\n\r\n', '\r\n\r\n\r', 'y'.repeat(900), 'a\r\n\r\nb'.repeat(200)][random(6)] ?? '';
        expected.push(`/${at} ${body.length}`);
        const size = body.length.toString(16);
        sent += [
          `GET /${at} HTTP/1.1\r\nX: ${'z'.repeat(random(300))}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          `PUT /${at} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${body && `${size}\r\n${body}\r\n`}0\r\n\r\n`,
        ][random(2)];
      }
      const client = await opened.dial();
      client.setNoDelay();
      const text = answersTo(client, `[${expected.at(-1)}]`);
      for (let from = 0; from < sent.length;) {
        const to = from + 1 + random(2_000);
        client.write(sent.slice(from, to));
        if (random(3) === 0) await new Promise((resolve) => setImmediate(resolve));
        from = to;
      }
      assert.deepEqual(answered(await text), expected);
    }
  });

  test('are answered up to one that is no HTTP, which is refused once', async () => {
    using opened = await open(kinds.plain);
    const client = await opened.dial();
    client.write(`GET /a HTTP/1.1\r\n\r\n${'no HTTP\r\n\r\n'.repeat(20)}GET /b HTTP/1.1\r\n\r\n`);
    const text = await answersTo(client, 'never');
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400']);
    assert.deepEqual(answered(text), ['/a 0']);
  });
});
