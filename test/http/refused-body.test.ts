import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

let world: TestServer;
before(async () => {
  world = await startServer();
});
after(() => world[Symbol.asyncDispose]());

const gigabyte = 1_073_741_824;
/**
 * The bytes that the server discards, and those in the buffers of both ends of a loopback connection; far less than a
 * gigabyte.
 */
const acceptedMax = 32 * 1_048_576;

async function open(host: string): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.client.ca, servername: host });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

interface Refused {
  readonly head: string;
  readonly body: string;
  /** How many bytes of the body the client could send before the connection ended. */
  readonly sent: number;
}

/** Sends a header, and then a body for as long as the server accepts it. */
async function pour(socket: TLSSocket, header: string, chunked: boolean): Promise<Refused> {
  let answer = '';
  let sent = 0;
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  const ending = once(socket, 'close');
  const piece = Buffer.alloc(65_536, 0x20);
  const framed = chunked ? Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')]) : piece;
  socket.write(header);
  while (!socket.closed && sent < gigabyte) {
    sent += piece.length;
    if (!socket.write(framed)) await Promise.race([once(socket, 'drain'), ending]);
  }
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { head, body, sent };
}

suite('a request that is refused while its body is still coming', () => {
  const vault = 'kv.vault.localhost';
  const rows: readonly (readonly [what: string, host: string, line: string, status: number])[] = [
    ['at a vault', vault, 'PUT /secrets/a?api-version=7.4', 404],
    ['at the resource manager', 'localhost', 'PUT /subscriptions/x?api-version=2023-07-01', 404],
    ['at Graph', 'localhost', 'POST /v1.0/users', 401],
    ['at the authority', 'localhost', 'POST /common/oauth2/v2.0/token', 413],
    ['for its target', 'localhost', 'POST /a#b', 400],
    ['for its path', 'localhost', 'POST /nothing/is/here', 404],
  ];
  for (const [what, host, line, status] of rows) {
    for (const framing of [`Content-Length: ${gigabyte}`, 'Transfer-Encoding: chunked']) {
      test(`${what} (${framing}) is answered, and its connection ends`, async () => {
        const socket = await open(host);
        const type = 'Content-Type: application/x-www-form-urlencoded';
        const header = `${line} HTTP/1.1\r\nHost: ${host}:${world.port}\r\n${type}\r\n${framing}\r\n\r\n`;
        const { head, body, sent } = await pour(socket, header, framing.startsWith('Transfer'));
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), head);
        assert.match(head, /^connection: close$/im);
        assert.equal(body.length, Number(/^content-length: (\d+)$/im.exec(head)?.[1]), 'the whole answer arrived');
        assert.ok(sent < acceptedMax, `${sent} bytes were accepted`);
      });
    }
  }

  test('for its host is answered, and its connection ends', async () => {
    const socket = await open('localhost');
    const header = `POST / HTTP/1.1\r\nHost: elsewhere.example\r\nContent-Length: ${gigabyte}\r\n\r\n`;
    const { head, sent } = await pour(socket, header, false);
    assert.match(head, /^HTTP\/1\.1 421 /);
    assert.ok(sent < acceptedMax, `${sent} bytes were accepted`);
  });

  test('is answered even if the client sends all of it before it reads', async () => {
    const socket = await open('localhost');
    socket.pause();
    const length = 900_000;
    socket.write(`POST /v1.0/users HTTP/1.1\r\nHost: localhost:${world.port}\r\nContent-Length: ${length}\r\n\r\n`);
    for (let sent = 0; sent < length; sent += 100_000) {
      socket.write(Buffer.alloc(100_000, 0x20));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.resume();
    await once(socket, 'close');
    assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*\}$/);
  });
});

test('a connection continues after a refusal if the body has arrived', async () => {
  const socket = await open('localhost');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  const header = `POST /v1.0/users HTTP/1.1\r\nHost: localhost:${world.port}\r\nContent-Length: 2\r\n\r\n{}`;
  for (const count of [1, 2, 3]) {
    socket.write(header);
    while (answer.split('HTTP/1.1 401 ').length - 1 < count || !answer.endsWith('}')) await once(socket, 'data');
  }
  assert.doesNotMatch(answer, /^connection: close$/im);
  socket.destroy();
});
