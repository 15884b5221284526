import assert from 'node:assert/strict';
import { answerMessage } from '../../../src/fabric/dns/answers.ts';
import { frame, unframe } from '../../../src/fabric/dns/framing.ts';
import { queryFor } from '../../fabric/dns-query.ts';
import type { FuzzTarget } from '../target.ts';

/**
 * Each message gets one answer with its id, of at most 512 bytes, which repeats the question; responses and what is
 * shorter than a header get none. The messages of a stream do not depend on how its bytes were split.
 */
export const dns: FuzzTarget = {
  form: 'bytes',
  samples: () => ({
    inputs: [
      queryFor('contoso.vault.azure.net'),
      queryFor('Graph.Microsoft.com', { type: 28, extended: true }),
      queryFor('', { type: 2 }),
      queryFor(`${'a'.repeat(63)}.${'b'.repeat(63)}.vault.azure.net`),
      Buffer.concat([frame(queryFor('management.azure.com')), frame(queryFor('example.org'))]),
    ],
    read(input) {
      assertAnswer(input);
      const whole = unframe(input);
      const messages: Uint8Array[] = [];
      let [rest, tooLong]: [Uint8Array, boolean] = [new Uint8Array(), false];
      for (const byte of input) {
        if (tooLong) break;
        const now = unframe(Buffer.concat([rest, Uint8Array.of(byte)]));
        messages.push(...now.messages);
        ({ rest, tooLong } = now);
      }
      assert.equal(tooLong, whole.tooLong);
      assert.deepEqual(messages.map(hex), whole.messages.map(hex));
      for (const message of messages) assertAnswer(message);
    },
  }),
};

function assertAnswer(message: Uint8Array): void {
  const answer = answerMessage(message);
  const isQuery = message.length >= 12 && ((message[2] ?? 0) & 0x80) === 0;
  assert.equal(answer !== undefined, isQuery);
  if (answer === undefined) return;
  assert.ok(answer.length <= 512, `${answer.length} bytes`);
  assert.equal(hex(answer.subarray(0, 2)), hex(message.subarray(0, 2)));
  assert.ok(((answer[2] ?? 0) & 0x80) !== 0);
  // It is not answered again, so that two servers cannot talk for ever.
  assert.equal(answerMessage(answer), undefined);
  if (answer[5] === 0) return;
  const end = answer.indexOf(0, 12) + 5;
  assert.equal(hex(answer.subarray(12, end)), hex(message.subarray(12, end)));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
