import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, suite, test } from 'node:test';
import { headersOf, send } from '../../src/http/answer.ts';
import type { Answer } from '../../src/http/answer.ts';
import { freePort } from '../world/free-port.ts';

let answer: Answer = { status: 200 };
let own: string[] = [];
let mediaType: string | undefined;
const server = createServer((_request, response) => send(response, answer, [...own], mediaType));
const port = await freePort();
server.listen(port, '127.0.0.1');
await once(server, 'listening');
after(() => {
  server.closeAllConnections();
  server.close();
});

async function sent(next: Answer, more: { readonly own?: string[]; readonly mediaType?: string } = {}) {
  answer = next;
  own = more.own ?? [];
  mediaType = more.mediaType;
  const response = await fetch(`http://127.0.0.1:${port}/`);
  const { headers } = response;
  return {
    status: response.status,
    type: headers.get('content-type'),
    length: headers.get('content-length'),
    later: headers.get('retry-after'),
    mark: headers.get('x-mark'),
    text: await response.text(),
  };
}

const json = 'application/json; charset=utf-8';
const none = { type: null, later: null, mark: null, text: '' };

suite('an answer', () => {
  test('has its body as JSON, and the length of that in bytes', async () => {
    const rows: readonly [unknown, string, string][] = [
      [{ a: 'ü' }, '{"a":"ü"}', '10'],
      [null, 'null', '4'],
      [true, 'true', '4'],
      ['text', '"text"', '6'],
      ['', '""', '2'],
    ];
    for (const [body, text, length] of rows) {
      assert.deepEqual(await sent({ status: 200, body }), {
        status: 200,
        type: json,
        length,
        later: null,
        mark: null,
        text,
      });
    }
  });

  test('without a body has none, and says so but with a 204', async () => {
    assert.deepEqual(await sent({ status: 200 }), { ...none, status: 200, length: '0' });
    assert.deepEqual(await sent({ status: 204 }), { ...none, status: 204, length: null });
  });

  test('is a string as it is in another media type; of JSON it is JSON in any', async () => {
    const html = await sent({ status: 200, body: '<p>ü' }, { mediaType: 'text/html; charset=utf-8' });
    assert.deepEqual([html.type, html.text, html.length], ['text/html; charset=utf-8', '<p>ü', '5']);
    const odata = await sent({ status: 200, body: 'a' }, { mediaType: 'application/json;odata.metadata=minimal' });
    assert.deepEqual([odata.type, odata.text], ['application/json;odata.metadata=minimal', '"a"']);
    const object = await sent({ status: 200, body: {} }, { mediaType: 'text/html' });
    assert.deepEqual([object.type, object.text], ['text/html', '{}']);
  });

  test('has the headers of its edge and its own', async () => {
    assert.equal((await sent({ status: 200 }, { own: ['x-mark', 'edge'] })).mark, 'edge');
    assert.equal((await sent({ status: 200, headers: { 'x-mark': 'own' } })).mark, 'own');
  });

  test('says when to try again with a 503, and with no other status', async () => {
    assert.equal((await sent({ status: 503, body: {} })).later, '5');
    assert.equal((await sent({ status: 503, headers: { 'retry-after': '9' } })).later, '9');
    for (const status of [500, 429]) assert.equal((await sent({ status, body: {} })).later, null);
    assert.deepEqual(headersOf({ status: 503 }), { 'retry-after': '5' });
    assert.deepEqual(headersOf({ status: 500 }), {});
    assert.deepEqual(headersOf({ status: 429, headers: { 'retry-after': '9' } }), { 'retry-after': '9' });
  });
});
