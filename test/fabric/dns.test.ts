import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { promises } from 'node:dns';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { answerMessage } from '../../src/fabric/dns/answers.ts';
import { frame, unframe } from '../../src/fabric/dns/framing.ts';
import { queryFor } from './dns-query.ts';

/** The code of an answer, and its numbers of questions, answers, authorities and additional records. */
function told(message: Uint8Array): readonly number[] | undefined {
  const answer = answerMessage(message);
  if (answer === undefined) return undefined;
  return [(answer[3] ?? 0) & 15, ...[4, 6, 8, 10].map((at) => Buffer.from(answer).readUInt16BE(at))];
}

describe('a resolver that asks the fabric', () => {
  const server = createSocket('udp4');
  const resolver = new promises.Resolver({ timeout: 2_000, tries: 1 });
  before(async () => {
    server.on('message', (message, { address, port }) => {
      const answer = answerMessage(message);
      if (answer !== undefined) server.send(answer, port, address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    resolver.setServers([`127.0.0.1:${server.address().port}`]);
  });
  after(() => server.close());

  it("finds Azure's own names in any case, each at the address of its service", async () => {
    const found = {
      'contoso.vault.azure.net': '192.0.2.10',
      'CONTOSO.Vault.Azure.NET': '192.0.2.10',
      'login.microsoftonline.com': '192.0.2.20',
      'login.windows.net': '192.0.2.20',
      'login.microsoft.com': '192.0.2.20',
      'sts.windows.net': '192.0.2.20',
      'management.azure.com': '192.0.2.30',
      'graph.microsoft.com': '192.0.2.40',
    };
    for (const [name, address] of Object.entries(found)) assert.deepEqual(await resolver.resolve4(name), [address]);
  });

  it('says at once that they have no other records', async () => {
    await assert.rejects(resolver.resolve6('contoso.vault.azure.net'), { code: 'ENODATA' });
    await assert.rejects(resolver.resolveTxt('graph.microsoft.com'), { code: 'ENODATA' });
    await assert.rejects(resolver.resolve4('vault.azure.net'), { code: 'ENODATA' });
  });

  it('says at once that nothing else exists', async () => {
    for (const name of [
      'example.org',
      'a.b.vault.azure.net',
      'contoso.vault.azure.net.example.org',
      'management.azure.co',
      'xmanagement.azure.com',
      'contoso.vault.azure.cn',
    ]) {
      await assert.rejects(resolver.resolve4(name), { code: 'ENOTFOUND' }, name);
    }
  });
});

describe('messages of DNS', () => {
  const good = queryFor('contoso.vault.azure.net');
  const changed = (at: number, ...bytes: readonly number[]) => {
    const copy = Buffer.from(good);
    copy.set(bytes, at);
    return copy;
  };

  it('an answer has the question, and an OPT record if the query had one', () => {
    assert.deepEqual(told(good), [0, 1, 1, 0, 0]);
    assert.deepEqual(told(queryFor('contoso.vault.azure.net', { extended: true })), [0, 1, 1, 0, 1]);
    assert.deepEqual(told(queryFor('example.org', { extended: true })), [3, 1, 0, 0, 1]);
    const mixed = answerMessage(queryFor('CoNtOsO.vault.azure.net'));
    assert.ok(Buffer.from(mixed ?? []).includes('CoNtOsO'));
  });

  it('what is not one whole question is a format error', () => {
    const refused = [1, 0, 0, 0, 0];
    assert.deepEqual(told(good.subarray(0, 12)), refused, 'no question');
    assert.deepEqual(told(good.subarray(0, -1)), refused, 'cut off');
    assert.deepEqual(told(Buffer.concat([good, Buffer.from([0])])), refused, 'a byte too many');
    assert.deepEqual(told(changed(4, 0, 2)), refused, 'two questions');
    assert.deepEqual(told(changed(6, 0, 1)), refused, 'an answer');
    assert.deepEqual(told(changed(12, 0xc0, 12)), refused, 'a pointer to itself');
    assert.deepEqual(told(changed(12, 0x40)), refused, 'a label of 64 bytes');
    assert.deepEqual(told(queryFor(`${'a'.repeat(63)}.`.repeat(4).slice(0, -1))), refused, 'a name of 257 bytes');
    assert.deepEqual(told(queryFor(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61))), [3, 1, 0, 0, 0], 'one of 255');
  });

  it('another operation is not implemented, and another class refused', () => {
    assert.deepEqual(told(changed(2, 0x28)), [4, 0, 0, 0, 0]);
    assert.deepEqual(told(queryFor('contoso.vault.azure.net', { class: 3 })), [5, 1, 0, 0, 0]);
  });

  it('a response, and what is shorter than a header, gets no answer', () => {
    assert.equal(told(changed(2, 0x81)), undefined);
    assert.equal(told(good.subarray(0, 11)), undefined);
    assert.equal(told(Buffer.alloc(0)), undefined);
  });

  it('messages over TCP have their length before them, and a long one ends the connection', () => {
    const bytes = Buffer.concat([frame(good), frame(queryFor('example.org')), Buffer.from([0, 40, 1])]);
    const { messages, rest, tooLong } = unframe(bytes);
    assert.deepEqual(
      messages.map((message) => message.length),
      [good.length, queryFor('example.org').length],
    );
    assert.deepEqual([rest.length, tooLong], [3, false]);
    assert.equal(unframe(Buffer.from([0x10, 0, 1])).tooLong, false);
    assert.equal(unframe(Buffer.from([0x10, 1, 1])).tooLong, true);
  });
});
